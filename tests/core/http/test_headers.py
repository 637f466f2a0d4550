"""Which headers travel."""

import pytest

from ccproxy.http.headers import downstream_headers, upstream_headers

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "x-api-key",
        "cookie",
        "host",
        "connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "proxy-authorization",
        "content-length",
        "content-encoding",
        "accept-encoding",
        "origin",
        "x-forwarded-for",
        "x-ccproxy-anything",
        "sec-fetch-site",
    ],
)
def test_does_not_go_upstream(name: str) -> None:
    assert upstream_headers([(name.encode(), b"x")]) == {}


@pytest.mark.parametrize(
    "name",
    [
        "anthropic-beta",
        "anthropic-version",
        "openai-organization",
        "x-stainless-lang",
        "traceparent",
        "tracestate",
        "user-agent",
        "content-type",
        "session-id",
        "x-unknown",
    ],
)
def test_goes_upstream(name: str) -> None:
    assert upstream_headers([(name.encode(), b"x")]) == {name: "x"}


def test_what_the_connection_header_names_stays() -> None:
    headers = [(b"connection", b"close, X-Hop"), (b"x-hop", b"1"), (b"x-end", b"2")]
    assert upstream_headers(headers) == {"x-end": "2"}


def test_repeated_headers_are_joined() -> None:
    headers = [(b"anthropic-beta", b"a"), (b"anthropic-beta", b"b")]
    assert upstream_headers(headers) == {"anthropic-beta": "a, b"}


@pytest.mark.parametrize(
    "name",
    [
        "set-cookie",
        "connection",
        "transfer-encoding",
        "server",
        "strict-transport-security",
        "access-control-allow-origin",
        "www-authenticate",
        "x-ccproxy-provider",
    ],
)
def test_does_not_reach_the_client(name: str) -> None:
    assert downstream_headers([(name.encode(), b"x")], keep_length=True) == []


@pytest.mark.parametrize(
    "name",
    [
        "content-type",
        "retry-after",
        "request-id",
        "x-request-id",
        "anthropic-ratelimit-requests-remaining",
        "x-ratelimit-limit-tokens",
        "openai-processing-ms",
        "x-codex-primary-used-percent",
    ],
)
def test_reaches_the_client(name: str) -> None:
    header = (name.encode(), b"x")
    assert downstream_headers([header], keep_length=False) == [header]


def test_length_and_encoding_hold_only_for_the_body_as_it_came() -> None:
    headers = [(b"content-length", b"3"), (b"content-encoding", b"gzip")]
    assert downstream_headers(headers, keep_length=True) == headers
    assert downstream_headers(headers, keep_length=False) == []


def test_every_connection_header_counts() -> None:
    headers = [(b"connection", b"a"), (b"connection", b"b"), (b"a", b"1"), (b"b", b"2")]
    assert upstream_headers(headers) == {}


def test_values_beyond_ascii_are_written_as_they_came() -> None:
    value = "café".encode()
    assert upstream_headers([(b"x-name", value)])["x-name"].encode() == value
    assert upstream_headers([(b"x-name", b"caf\xe9")])["x-name"] == "café"
