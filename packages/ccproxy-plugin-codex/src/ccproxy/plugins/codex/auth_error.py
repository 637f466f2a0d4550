"""What the vendor's auth server says when it says no, in whatever shape it does."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import httpx
import orjson

from ccproxy.sdk import Json
from ccproxy.sdk.errors import UpstreamError

FINAL = frozenset(
    {
        "refresh_token_expired",
        "refresh_token_reused",
        "refresh_token_invalidated",
        "invalid_grant",
    }
)
"""Codes after which a refresh token is of no use. The last one is RFC 6749's, 5.2."""

_CODE = re.compile(r"[\w.-]{1,64}")
_SHORTEST = 9
"""Characters of the shortest text that is a secret and no word."""
_LONGEST = 200
"""Characters that are shown of what the server says."""


class AuthServerError(UpstreamError):
    """The server refused, or could not be asked.

    Attributes:
        status: HTTP status; 0 if there was no answer.
        code: The vendor's code, if there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code

    @property
    def is_refusal(self) -> bool:
        """Whether the server has understood, and said no."""
        return 400 <= self.status < 500

    @property
    def may_pass(self) -> bool:
        """Whether the server was only busy, or could not be asked."""
        return self.status in {0, 408, 429} or self.status >= 500

    @property
    def is_final(self) -> bool:
        """Whether asking again with the same token is in vain."""
        return self.status in {400, 401} and self.code in FINAL


def refusal(
    server: str, response: httpx.Response, sent: Iterable[str]
) -> AuthServerError:
    """Make an error of an answer.

    Args:
        server: Its name.
        response: The answer.
        sent: Secrets it may quote.
    """
    secrets = [each for each in sent if len(each) >= _SHORTEST]
    code, text = _said(response)
    if code and _masked(code, secrets) != code:
        code = None
    text = _line(_masked(text, secrets))
    what = f"{server} answered {response.status_code}"
    said = " ".join(part for part in (code and f"{code}:", text) if part)
    return AuthServerError(
        f"{what}, {said}" if said else f"{what}.",
        status=response.status_code,
        code=code,
    )


def _said(response: httpx.Response) -> tuple[str | None, str]:
    """Read ``{"error": "code"}``, ``{"error": {"code"}}``, ``{"code"}`` or text."""
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None, response.text
    if not isinstance(told, dict):
        return None, ""
    error = told.get("error")
    inner = error if isinstance(error, dict) else told
    code = _code(inner.get("code")) or _code(error)
    text = inner.get("message") or told.get("error_description")
    return code, text if isinstance(text, str) else ""


def _code(value: Json) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _masked(text: str, secrets: Iterable[str]) -> str:
    """Hide secrets, also as they stand in an address."""
    for each in secrets:
        for form in (each, quote(each), quote(each, safe=""), quote_plus(each)):
            text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
    return text


def _line(text: str) -> str:
    """Make one short line of what a stranger has written."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())[:_LONGEST]
