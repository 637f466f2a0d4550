"""A ChatGPT login as JSON: what Codex CLI keeps in ``auth.json``, and we likewise.

The shape was measured with Codex CLI 0.169.0 and read in the public repository
openai/codex, ``codex-rs/login/src/auth/storage.rs`` and ``manager.rs``. Keys not named
here are none of our business, and are kept where we write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson

from ccproxy.plugins.codex import token
from ccproxy.sdk import Json, JsonObject, LoginState, LoginStatus

LOG_IN = "Run `codex login`."
"""What to do about a login that is Codex CLI's."""

TOKENS = ("id_token", "access_token", "refresh_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A ChatGPT login.

    Attributes:
        access_token: Signs requests. Never shown, as the other two.
        refresh_token: Gets new tokens, once.
        id_token: Tells whose login it is.
        account_id: The account requests are made for, if it is known.
        expires: Unix seconds by the clock of this machine, or ``None`` if the token
            doesn't tell.
        refreshed: When the tokens were got, in Unix seconds by the same clock.
        identity: Whose it is.
        is_fedramp: Whether the account is one whose requests have to say so.
        stored: All that is kept of it, with the keys that mean nothing to us.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    account_id: str | None = None
    expires: float | None = None
    refreshed: float | None = None
    identity: token.Identity = field(default_factory=token.Identity)
    is_fedramp: bool = False
    stored: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """Tells refresh tokens apart without telling them."""
        return sha256((self.refresh_token or "").encode()).hexdigest()[:16]

    @property
    def headers(self) -> Mapping[str, str]:
        """What signs a request to the backend."""
        signed = {"authorization": f"Bearer {self.access_token}"}
        if self.account_id:
            signed["chatgpt-account-id"] = self.account_id
        if self.is_fedramp:
            signed["x-openai-fedramp"] = "true"
        return signed


def new_login(answer: Mapping[str, str], now: float) -> JsonObject:
    """Write down a login that was just made.

    Args:
        answer: The tokens.
        now: Unix seconds.
    """
    fresh: JsonObject = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": {}}
    return renewed(fresh, answer, now)


def renewed(
    stored: Mapping[str, Json], answer: Mapping[str, str], now: float
) -> JsonObject:
    """Write down what a renewal gave; what it did not give stays as it was.

    The date tells how old the access token is, so it moves with that one only.

    Args:
        stored: What was kept before.
        answer: The new tokens, all or some of them.
        now: Unix seconds.
    """
    held = stored.get("tokens")
    kept: JsonObject = held if isinstance(held, dict) else {}
    tokens: JsonObject = {**kept, **answer}
    if not tokens.get("account_id"):
        claimed = (token.account(answer.get(name, "")) for name in TOKENS)
        tokens["account_id"] = next((each for each in claimed if each), None)
    fresh: JsonObject = {**stored, "tokens": tokens}
    if tokens.get("access_token") != kept.get("access_token"):
        at = datetime.fromtimestamp(now, UTC).isoformat()
        fresh["last_refresh"] = at.replace("+00:00", "Z")
    return fresh


def read_login(path: Path) -> Login | LoginStatus:
    """Read Codex CLI's file; where there is no ChatGPT login in it, say why. Blocks."""
    try:
        content = path.expanduser().read_bytes()
    except FileNotFoundError:
        return LoginStatus(
            LoginState.MISSING,
            f"Codex CLI keeps no login at {path}.",
            "Run `ccproxy auth login codex`, or `codex login`.",
        )
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "there is no home folder"
        return _broken(path, f"can't be read: {reason}", LOG_IN)
    return parse_login(content, path)


def parse_login(content: bytes, path: Path, hint: str = LOG_IN) -> Login | LoginStatus:
    """Find the ChatGPT login in the bytes of a file.

    Args:
        content: The bytes.
        path: For messages.
        hint: What to do if there is none.
    """
    try:
        stored = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _broken(path, "is not JSON", hint)
    if not isinstance(stored, dict):
        return _broken(path, "is not a JSON object", hint)
    return login_of(stored, path, hint)


def login_of(stored: JsonObject, path: Path, hint: str = LOG_IN) -> Login | LoginStatus:
    """Find the login in what is stored; see ``parse_login``."""
    mode = stored.get("auth_mode") or _mode_of_old_file(stored.get("OPENAI_API_KEY"))
    if mode == "apikey":
        return LoginStatus(
            LoginState.MISSING,
            "Codex CLI is logged in with an API key, not with ChatGPT.",
            "Use the key with the plugin openai, or run `codex login`.",
        )
    tokens = stored.get("tokens")
    if not isinstance(tokens, dict) or not tokens.get("access_token"):
        return LoginStatus(
            LoginState.MISSING, f"There is no ChatGPT login in {path}.", hint
        )
    access = tokens["access_token"]
    if not isinstance(access, str) or not fits_a_header(access):
        return _broken(path, "holds a damaged access token", hint)
    identity = _text(tokens.get("id_token"))
    at = token.moment(stored.get("last_refresh"))
    refreshed = at.timestamp() if at else None
    return Login(
        access_token=access,
        refresh_token=_text(tokens.get("refresh_token")),
        id_token=identity,
        account_id=_account_id(tokens.get("account_id"), access, identity),
        expires=_expiry(access, refreshed),
        refreshed=refreshed,
        identity=token.identity(identity, access),
        is_fedramp=token.is_fedramp(identity or access),
        stored=stored,
    )


def fits_a_header(text: str) -> bool:
    """Tell whether a token can be sent."""
    return text.isascii() and text.isprintable() and " " not in text


def _mode_of_old_file(api_key: Json) -> str:
    return "apikey" if api_key else "chatgpt"


def _expiry(access: str, refreshed: float | None) -> float | None:
    """Say when a token expires by our own clock.

    A clock that is ahead would find a new token expired, and renew it for ever. But it
    is right about how long ago the token was got, and the token tells for how long it
    is good.
    """
    expires, lifetime = token.expiry(access), token.lifetime(access)
    if expires is None or lifetime is None or refreshed is None:
        return expires
    return min(max(expires, refreshed + lifetime), token.LATEST - 1)


def _account_id(stored: Json, access: str, identity: str | None) -> str | None:
    candidates = [stored, token.account(access), token.account(identity or "")]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate and fits_a_header(candidate):
            return candidate
    return None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _broken(path: Path, what: str, hint: str) -> LoginStatus:
    return LoginStatus(LoginState.BROKEN, f"{path} {what}.", hint)
