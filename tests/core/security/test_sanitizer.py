"""Secrets are masked by name and by shape, wherever they hide."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.security.names import is_secret_name, may_be_secret_name
from ccproxy.security.sanitizer import (
    DEEPEST,
    mask_headers,
    mask_json,
    mask_text,
    mask_token,
)
from ccproxy.security.signs import is_masked
from fakes.secrets import KINDS, Planted

pytestmark = pytest.mark.unit

SECRET = "aB3dE5fG7hJ9kL2mN4pQ"

planted = st.builds(
    lambda make, random: make(random),
    st.sampled_from(KINDS),
    st.integers().map(Random),
)
around = st.sampled_from(
    ["{}", "a {} b", "error: {}", "({})", "'{}'", "?k={}", "one\n{}\ntwo", "{}, and"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_a_secret_keeps_a_fingerprint_that_tells_it_apart() -> None:
    assert mask_token(SECRET) == mask_token(SECRET)
    assert mask_token(SECRET) != mask_token(SECRET[::-1])
    assert SECRET not in mask_token(SECRET)


def test_a_secret_that_could_be_guessed_keeps_none() -> None:
    assert mask_token("hunter2") == mask_token("hunter3") == "***"


def test_the_fingerprint_is_the_same_wherever_the_secret_was_found() -> None:
    found = [
        mask_text(f"Authorization: Bearer {SECRET}"),
        mask_text(f'{{"api_key": "{SECRET}"}}'),
        str(mask_json({"api_key": SECRET})),
        str(mask_headers([("authorization", f"Bearer {SECRET}")])),
    ]
    assert all(mask_token(SECRET) in each for each in found)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "X-Api-Key", "api_key", "client_secret", "password"),
        *("Cookie", "set-cookie", "access_token", "refresh-token", "id_token", "token"),
        *("client_tokens", "code_verifier", "private_key", "accessToken", "apiKey"),
        *("aws_secret_access_key", "x-amz-security-token", "OPENAI_API_KEY", "db.pwd"),
    ],
)
def test_is_a_secret_by_name(name: str) -> None:
    assert is_secret_name(name)
    assert mask_json({name: "short"}) == {name: "***"}


@pytest.mark.parametrize(
    "name",
    [
        *("input_tokens", "max_tokens", "model", "author", "status_code", "keys"),
        *("api_key_file", "token_type", "authorization_url", "time_to_first_token"),
        *("expires_in", "CredentialError", "tokenizer", "accessTokenExpiresAt"),
    ],
)
def test_is_no_secret_by_name(name: str) -> None:
    assert not is_secret_name(name)
    assert mask_json({name: "short"}) == {name: "short"}


def test_under_an_ambiguous_name_only_what_looks_random_is_masked() -> None:
    assert may_be_secret_name("code")
    assert mask_json({"code": "invalid_api_key"}) == {"code": "invalid_api_key"}
    assert mask_json({"code": SECRET}) == {"code": mask_token(SECRET)}


@pytest.mark.parametrize(
    "conversation",
    [
        "0199a7c2-5a3e-7d41-9f00-0123456789ab",  # Claude Code, Codex
        "ses_61fb8e1a8ffeRMpr0vSeWrh1ts",  # opencode
        "conv_6890f1c2a3b48190b7a3d1e5",  # OpenAI
    ],
)
def test_the_ids_of_conversations_can_be_read_and_asked_for(conversation: str) -> None:
    told = {"session": conversation, "key": conversation}
    assert mask_json(told) == told


def test_nesting_keeps_its_structure() -> None:
    value = {"a": [{"api_key": SECRET}, 1, None, 2.5, True], "b": ("x",), "c": {"y"}}
    assert mask_json(value) == {
        "a": [{"api_key": mask_token(SECRET)}, 1, None, 2.5, True],
        "b": ["x"],
        "c": ["y"],
    }


def test_a_rate_of_tokens_is_no_secret() -> None:
    value = {"tokens": "1M/day", "token": "1M/day."}
    assert mask_json(value) == {"tokens": "1M/day", "token": "***"}


def test_all_text_under_a_secret_name_is_masked() -> None:
    value = {"credentials": {"user": "me", "pins": ["1", "2"], "tries": 3}}
    masked = {"credentials": {"user": "***", "pins": ["***", "***"], "tries": 3}}
    assert mask_json(value) == masked


def test_headers_keep_names_and_order() -> None:
    headers = [("accept", "*/*"), ("X-Api-Key", "hunter2"), ("cookie", "a=b; c=d")]
    masked = [("accept", "*/*"), ("X-Api-Key", "***"), ("cookie", "***")]
    assert mask_headers(headers) == masked
    assert mask_headers([(b"authorization", b"Basic abc")]) == [
        ("authorization", "Basic ***")
    ]


def test_headers_are_known_within_a_value() -> None:
    value = {"headers": [(b"x-api-key", b"hunter2"), (b"accept", b"*/*")]}
    masked = {"headers": [["x-api-key", "***"], ["accept", "*/*"]]}
    assert mask_json(value) == masked


def test_json_within_json_is_masked_and_stays_json() -> None:
    inner = json.dumps({"password": "hunter 2", "n": 1})
    outer = json.dumps([{"arguments": json.dumps({"text": inner})}])
    masked = mask_text(outer)
    text = json.loads(json.loads(masked)[0]["arguments"])["text"]
    assert json.loads(text) == {"password": "***", "n": 1}


def test_a_name_twice_in_json_hides_nothing() -> None:
    assert "hunter2" not in mask_text('{"password": "hunter2", "password": ""}')


def test_what_is_no_json_becomes_text_and_is_masked() -> None:
    @dataclass
    class Login:
        access_token: str

    class Broken:
        def __repr__(self) -> str:
            raise ValueError(SECRET)

    at = datetime(2026, 1, 2, tzinfo=UTC)
    assert mask_json([at, Path("/a"), timedelta(seconds=1)]) == [
        "2026-01-02T00:00:00+00:00",
        "/a",
        "0:00:01",
    ]
    for value in (
        Login(SECRET),
        ValueError(f"password={SECRET}"),
        Broken(),
        {1: SECRET},
    ):
        shown = str(mask_json({"password": value}))
        assert SECRET not in shown
    assert "Login(access_token='***" in str(mask_json(Login(SECRET)))


def test_a_value_that_holds_itself_has_an_end() -> None:
    value: list[object] = [SECRET]
    value += [value, value]
    assert mask_json(value) == [SECRET, "***", "***"]


def test_what_is_nested_too_deep_is_masked_as_a_whole() -> None:
    value: object = "x"
    for _ in range(10_000):
        value = [value]
    assert str(mask_json(value)) == "[" * DEEPEST + "'***'" + "]" * DEEPEST
    assert "hunter2" not in mask_text("[" * 10_000 + '{"password": "hunter2"}')


def test_an_address_stays_in_answers_to_the_person() -> None:
    text = f"ann@example.com has {SECRET} as password={SECRET}"
    assert "ann@example.com" in mask_text(text, own=True)
    assert "password=***" in mask_text(text, own=True)
    assert mask_text(text).startswith("***@example.com")
    assert mask_json({"email": "ann@example.com"}, own=True) == {
        "email": "ann@example.com"
    }


@given(planted, around)
def test_a_planted_secret_never_survives(secret: Planted, text: str) -> None:
    plain = text.format(secret.text)
    forms = [
        plain,
        repr(plain),
        json.dumps({"m": plain}),
        "x " + json.dumps([json.dumps({"m": plain})]),
    ]
    for form in forms:
        masked = mask_text(form)
        assert not any(part in masked for part in secret.parts)
        assert mask_text(masked) == masked


@given(values, planted, st.text(max_size=10))
def test_a_planted_secret_never_survives_within_a_value(
    value: object, secret: Planted, name: str
) -> None:
    masked = str(mask_json({name: [value, secret.text], secret.text: value}))
    assert not any(part in masked for part in secret.parts)


@given(st.text(min_size=4), st.sampled_from(["api_key", "authorization", "token"]))
def test_nothing_under_a_secret_name_survives(secret: str, name: str) -> None:
    shown = mask_json({name: [secret]})
    assert isinstance(shown, dict)
    assert secret not in shown[name][0] or is_masked(secret)


@given(values)
def test_masking_keeps_structure_and_types(value: object) -> None:
    def structure(part: object) -> object:
        if isinstance(part, dict):
            return [structure(item) for item in part.values()]
        if isinstance(part, list):
            return [structure(item) for item in part]
        return str if isinstance(part, str) else repr(part)

    assert structure(mask_json(value)) == structure(value)


@given(values)
def test_masking_a_value_twice_changes_nothing_more(value: object) -> None:
    once = mask_json(value)
    assert repr(mask_json(once)) == repr(once)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "password",
                    "token",
                    "key",
                    "code",
                    "Bearer ",
                    "sk-",
                    "://",
                    "@",
                    "a.b",
                ),
                *(
                    ": ",
                    "=",
                    '"',
                    "'",
                    "\\",
                    "{",
                    "[",
                    "}",
                    ",",
                    " ",
                    "\n",
                    "***",
                    "%22",
                ),
                *(SECRET, "hunter2", "***0123abcd", "cookie: ", "authorization: "),
                *("digest ", "--", "eyJabcdefgh.", "-----", "é", "\ud800", "1"),
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_masking_a_text_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@given(st.text(alphabet=st.characters(exclude_characters=":=@%\"'`-_")), st.uuids())
def test_a_text_without_secrets_stays_as_it_is(text: str, request: UUID) -> None:
    for each in (text, f"{request} {text}", f"{request.hex} {text}"):
        assert mask_text(each) == each


@given(st.dictionaries(st.sampled_from(["model", "n", "text"]), st.integers()))
def test_json_without_secrets_stays_as_it_is(value: dict[str, int]) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=2)):
        assert mask_text(text) == text
