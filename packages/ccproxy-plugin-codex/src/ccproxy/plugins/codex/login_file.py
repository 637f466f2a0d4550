"""The login Codex CLI keeps in ``auth.json``: read here, never written.

The shape was measured with Codex CLI 0.169.0 and read in the public repository
openai/codex, ``codex-rs/login/src/auth/storage.rs`` and ``manager.rs``. Keys not named
here are none of our business.
"""

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ccproxy.plugins.codex import token
from ccproxy.sdk import Json, LoginState, LoginStatus

LOG_IN = "Run `codex login`."


@dataclass(frozen=True, slots=True)
class Login:
    """A ChatGPT login.

    Attributes:
        access_token: Never shown.
        account_id: The account requests are made for, if it is known.
        plan: The plan as the server writes it, if it is known.
        expires: Unix seconds, or ``None`` if the token doesn't tell.
    """

    access_token: str = field(repr=False)
    account_id: str | None
    plan: str | None
    expires: float | None


def read_login(path: Path) -> Login | LoginStatus:
    """Read the file; where there is no ChatGPT login in it, say why. Blocks."""
    try:
        content = path.expanduser().read_bytes()
    except FileNotFoundError:
        return LoginStatus(
            LoginState.MISSING,
            f"Codex CLI keeps no login at {path}.",
            f"{LOG_IN} If it keeps it in a keyring, set "
            'cli_auth_credentials_store = "file" in its config.toml first.',
        )
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "there is no home folder"
        return _broken(path, f"can't be read: {reason}")
    return parse_login(content, path)


def parse_login(content: bytes, path: Path) -> Login | LoginStatus:
    """Find the ChatGPT login in the bytes of the file; ``path`` is for messages."""
    try:
        stored = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _broken(path, "is not JSON")
    if not isinstance(stored, dict):
        return _broken(path, "is not a JSON object")
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
            LoginState.MISSING, f"There is no ChatGPT login in {path}.", LOG_IN
        )
    access, identity = tokens["access_token"], tokens.get("id_token")
    if not isinstance(access, str) or not _fits_a_header(access):
        return _broken(path, "holds a damaged access token")
    return Login(
        access_token=access,
        account_id=_account_id(tokens.get("account_id"), access, identity),
        plan=token.plan(access),
        expires=token.expiry(access),
    )


def _mode_of_old_file(api_key: Json) -> str:
    return "apikey" if api_key else "chatgpt"


def _account_id(stored: Json, access: str, identity: Json) -> str | None:
    candidates = [
        stored,
        token.account(access),
        token.account(identity) if isinstance(identity, str) else None,
    ]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate and _fits_a_header(candidate):
            return candidate
    return None


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _broken(path: Path, what: str) -> LoginStatus:
    return LoginStatus(LoginState.BROKEN, f"{path} {what}.", LOG_IN)
