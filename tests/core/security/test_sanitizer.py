"""Secrets are masked by name and by shape, wherever they hide."""

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.security.sanitizer import (
    is_secret_name,
    mask,
    mask_headers,
    mask_text,
    mask_token,
)

pytestmark = pytest.mark.unit

# Put together at run time, so that no scanner takes this file for a leak.
SHAPES = [
    "eyJ" + "hbGciOiJub25lIn0." + "eyJzdWIiOiIxMjM0NSJ9" + ".c2lnbmF0dXJl",
    "sk-" + "proj-abcdefghijklmnopqrstuvwx",
    "sk-" + "ant-api03-abcdefghijklmnop_qrs-tuv",
    "sess-" + "abcdefghijklmnopqrstuvwx",
    "gh" + "p_abcdefghijklmnopqrstuvwxyz0123456789",
    "github" + "_pat_11ABCDEFG0abcdefghijkl",
    "xox" + "b-1234567890-abcdefghij",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
]
TEXTS = st.sampled_from(["{}", "a {} b", "error: {}", "({})", '{{"x": "{}"}}', "?k={}"])


@given(st.sampled_from(SHAPES), TEXTS)
def test_a_secret_is_known_by_its_shape_anywhere_in_a_text(
    secret: str, text: str
) -> None:
    assert secret not in mask_text(text.format(secret))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abcdefgh1234", "Authorization: Bearer ***"),
        ("proxy-authorization=Basic dXNlcjpwYXNz", "Basic ***"),
        ("postgresql://me:hunter2@host/db", "postgresql://me:***"),
        ('{"api_key": "hunter22"}', '{"api_key": "***'),
        ("api_key=hunter22&x=1", "&x=1"),
        ("refresh_token: hunter22", "refresh_token: ***"),
    ],
)
def test_a_secret_is_known_by_what_stands_before_it(text: str, kept: str) -> None:
    masked = mask_text(text)
    assert kept in masked
    for secret in ("abcdefgh1234", "dXNlcjpwYXNz", "hunter2"):
        assert secret not in masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/v1/chat/completions",
        "gpt-5.5",
        "81ee9faebc9245ecab6ed24ace2d4b2f",
        "2026-11-23T21:53:06.834515Z",
        "The model answered 17 tokens in 0.3 s.",
        "input_tokens=12",
        "http://127.0.0.1:8000/v1",
        "risk-free and task-oriented",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "X-Api-Key",
        "api_key",
        "client_secret",
        "password",
        "Cookie",
        "access_token",
        "refresh-token",
        "id_token",
        "token",
        "client_tokens",
        "code_verifier",
        "private_key",
    ],
)
def test_is_a_secret_by_name(name: str) -> None:
    assert is_secret_name(name)
    assert mask({name: "short"}) == {name: mask_token("short")}


@pytest.mark.parametrize(
    "name", ["input_tokens", "max_tokens", "model", "author", "status_code", "keys"]
)
def test_is_no_secret_by_name(name: str) -> None:
    assert not is_secret_name(name)


def test_nesting_keeps_its_structure() -> None:
    value = {"a": [{"api_key": "hunter2"}, 1, None, 2.5, True], "b": ("x",)}
    assert mask(value) == {
        "a": [{"api_key": mask_token("hunter2")}, 1, None, 2.5, True],
        "b": ["x"],
    }


def test_headers_keep_names_and_order() -> None:
    headers = [("accept", "*/*"), ("x-api-key", "hunter2")]
    assert mask_headers(headers) == [
        ("accept", "*/*"),
        ("x-api-key", mask_token("hunter2")),
    ]


def test_two_secrets_can_be_told_apart() -> None:
    assert mask_token("one") != mask_token("two")
    assert mask_token("one") == mask_token("one")


@given(st.text(min_size=4), st.sampled_from(["api_key", "authorization", "token"]))
def test_nothing_under_a_secret_name_survives(secret: str, name: str) -> None:
    shown = orjson.dumps(mask({"x": {name: secret}}), default=str).decode()
    assert secret.startswith("***") or secret not in shown.replace(name, "")


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@pytest.mark.parametrize(
    "hostile",
    [
        "key" + "a" * 2_000_000,
        "eyJ" * 500_000,
        "eyJ-" * 500_000,
        "sk-" * 500_000,
        "key: " * 200_000,
        "http://" * 200_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
        "bearer " * 200_000,
        "api_key" * 200_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_input_takes_linear_time(hostile: str) -> None:
    """Doubling the input may at most triple the time."""

    def seconds(text: str) -> float:
        began = time.process_time()
        mask_text(text)
        return time.process_time() - began

    half = min(seconds(hostile[: len(hostile) // 2]) for _ in range(2))
    assert seconds(hostile) < 3 * half + 0.2
