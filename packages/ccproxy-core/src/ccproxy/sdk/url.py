"""The base URL of an upstream, as settings give it."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def _base_url(text: str) -> str:
    """Check a base URL; messages never quote it, for it may hold a password."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in {"http", "https"} or not _plain(text):
        msg = "should begin with http:// or https:// and name a host"
        raise ValueError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "should hold no user or password"
        raise ValueError(msg)
    if parts.query or parts.fragment:
        msg = "should have no query and no fragment"
        raise ValueError(msg)
    return text.rstrip("/")


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set(' \\"<>')


BaseUrl = Annotated[
    str, AfterValidator(_base_url), Field(json_schema_extra={"format": "uri"})
]
"""An http(s) URL without credentials, query or trailing slash."""
