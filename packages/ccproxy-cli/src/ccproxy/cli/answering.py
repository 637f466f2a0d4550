"""Who would answer, told before anybody asks."""

from ccproxy.cli.summaries import ProvidersSummary, ProviderSummary
from ccproxy.errors import CredentialError, UnknownProviderError
from ccproxy.loader.catalogue import by_plugin

SANDBOX = "sandbox"
"""Answers where nobody else can."""
ONLY_ECHOES = "No provider has a login: the sandbox answers, it only echoes."


def check_provider(summary: ProvidersSummary, name: str) -> None:
    """See to it that a provider is there, and has what it needs to answer.

    Raises:
        UnknownProviderError: There is none of that name.
        CredentialError: It has no usable login.
    """
    provider = _find(summary, name)
    if provider is None:
        known = ", ".join(each.name for each in summary.providers) or "none"
        piece = by_plugin(name)
        hint = f"There are: {known}."
        if piece is not None:
            hint += f" For this one: pip install {piece.wheel}"
        raise UnknownProviderError(f"There is no provider {name!r}.", hint=hint)
    if not provider.usable:
        msg = f"The provider {name} can't answer: {provider.detail.rstrip('.')}."
        raise CredentialError(msg, hint=provider.hint)


def fallback(summary: ProvidersSummary) -> tuple[str, ...]:
    """Name who answers a model that neither a prefix nor a route sends elsewhere.

    The first of them that speaks the caller's dialect does.
    """
    if summary.default is not None:
        return (summary.default,)
    names = [each.name for each in summary.providers if each.usable]
    return tuple(name for name in names if name != SANDBOX) or tuple(names)


def fallback_in_words(summary: ProvidersSummary) -> str:
    """Say who answers such a model."""
    names = fallback(summary)
    if summary.default is not None:
        provider = _find(summary, summary.default)
        usable = provider is not None and provider.usable
        ending = "" if usable else ", which has no login"
        return f"Models without a provider go to {summary.default}{ending}."
    if names == (SANDBOX,):
        return ONLY_ECHOES
    if not names:
        return "No provider has a login: nobody answers."
    first = "" if len(names) == 1 else "the first that speaks their dialect of "
    return f"Models without a provider go to {first}{', '.join(names)}."


def _find(summary: ProvidersSummary, name: str) -> ProviderSummary | None:
    return next((each for each in summary.providers if each.name == name), None)
