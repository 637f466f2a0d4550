"""A client token with a name, and what it may be used for."""

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A key that was given to somebody; the token itself is kept nowhere.

    Attributes:
        name: What people call it.
        digest: SHA-256 of the token, in hexadecimal.
        created_at: When it was made; aware UTC.
        expires_at: From when on it is refused; ``None`` is never.
        models: Patterns of the models it may ask, alone or with the provider's name
            before them, as in ``codex/gpt-*``; none is all of them.
        providers: Patterns of the providers it may ask; none is all of them.
        requests: Its rate, such as ``60/minute``; ``None`` is that of the settings.
        concurrent: Requests it may have answered at once; ``None`` is as in the
            settings.
        tokens: Its tokens in a window, such as ``1M/day``; ``None`` is as in the
            settings.
        cost: Its US dollars in a window, such as ``2.50/hour``; the same.
        budgets: Its US dollars per day, month or in total, such as ``5/day``; none are
            those of the settings.
    """

    name: str
    digest: str
    created_at: datetime
    expires_at: datetime | None = None
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    requests: str | None = None
    concurrent: int | None = None
    tokens: str | None = None
    cost: str | None = None
    budgets: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """Tells whose limits and spending are this key's, also beyond its name."""
        return f"token/{self.digest[:16]}"

    def is_expired(self, now: datetime) -> bool:
        """Tell whether it is refused by now."""
        return self.expires_at is not None and self.expires_at <= now

    def may_ask(self, provider: str, model: str) -> bool:
        """Tell whether it may be used for a model of a provider."""
        names = model, f"{provider}/{model}"
        return _fits((provider,), self.providers) and _fits(names, self.models)


def _fits(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return not patterns or any(
        fnmatchcase(name, pattern) for pattern in patterns for name in names
    )
