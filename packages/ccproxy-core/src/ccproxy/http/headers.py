"""Which headers travel, and which stay."""

from collections.abc import Iterable

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110 section 7.6.1, and what RFC 2616 named before it."""

CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key", b"cookie"})
"""What tells who the caller is; never sent upstream unless a provider says so."""

_TRACE = frozenset({b"traceparent", b"tracestate"})

_NOT_UPSTREAM = (
    HOP_BY_HOP
    | CREDENTIALS
    | {
        b"host",
        b"content-length",
        b"content-encoding",  # bodies go on decoded
        b"accept-encoding",  # answers must stay readable in passing
        b"expect",
        b"origin",
        b"referer",
        b"forwarded",
        b"x-real-ip",
        b"x-request-id",
    }
)
_NOT_UPSTREAM_PREFIXES = (b"x-ccproxy-", b"x-forwarded-", b"sec-")

_NOT_DOWNSTREAM = HOP_BY_HOP | {
    b"set-cookie",
    b"set-cookie2",
    b"date",
    b"server",
    b"alt-svc",
    b"strict-transport-security",
    b"clear-site-data",
    b"content-security-policy",
    b"www-authenticate",
}
_NOT_DOWNSTREAM_PREFIXES = (b"access-control-", b"x-ccproxy-")


_OF_ANY_DIALECT = {
    b"request-id",
    b"retry-after",
    b"retry-after-ms",
    b"x-oai-request-id",
    b"x-request-id",
    b"x-should-retry",
}
_OF_ANY_DIALECT_PREFIXES = (b"anthropic-ratelimit-", b"x-codex-", b"x-ratelimit-")


def upstream_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Keep what may go upstream of a caller's headers.

    Args:
        headers: Names in lower case, as ASGI gives them.

    Returns:
        Text by name; repeated headers are joined with a comma (RFC 9110, 5.3).
    """
    headers = list(headers)
    named = _named_by_connection(headers)
    kept: dict[str, str] = {}
    for name, value in headers:
        if name in _NOT_UPSTREAM or name in named:
            continue
        if name.startswith(_NOT_UPSTREAM_PREFIXES):
            continue
        key, text = name.decode("latin-1"), _text(value)
        kept[key] = f"{kept[key]}, {text}" if key in kept else text
    return kept


def downstream_headers(
    headers: Iterable[tuple[bytes, bytes]], *, keep_length: bool
) -> list[tuple[bytes, bytes]]:
    """Keep what may go to the caller of an upstream's headers.

    Args:
        headers: Names in lower case.
        keep_length: Whether the body goes out as it came, so that its length and
            encoding still hold.
    """
    headers = list(headers)
    named = _named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if name not in _NOT_DOWNSTREAM
        and name not in named
        and not name.startswith(_NOT_DOWNSTREAM_PREFIXES)
        and (keep_length or name not in (b"content-length", b"content-encoding"))
    ]


def translated_headers(
    headers: Iterable[tuple[bytes, bytes]],
) -> list[tuple[bytes, bytes]]:
    """Keep what may go to a caller whose dialect is not the upstream's.

    That is whose request it was and what is left of its limits; all else describes an
    answer that the caller does not get.

    Args:
        headers: Names in lower case.
    """
    return [
        (name, value)
        for name, value in headers
        if name in _OF_ANY_DIALECT or name.startswith(_OF_ANY_DIALECT_PREFIXES)
    ]


def trace_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Keep what tells which trace a caller's request belongs to.

    It goes to providers of any dialect. Source: https://www.w3.org/TR/trace-context/

    Args:
        headers: Names in lower case.
    """
    return {name.decode(): _text(value) for name, value in headers if name in _TRACE}


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
        if token.strip()
    )


def _text(value: bytes) -> str:
    """Read a value such that the client, which writes UTF-8, writes it as it was."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
