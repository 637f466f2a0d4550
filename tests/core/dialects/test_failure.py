"""Errors in the words of each dialect, read back with the vendors' own types."""

import anthropic.types
import openai.types.responses
import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.failure import error_body, error_event
from ccproxy.dialects.sse import parse_event

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("status", "anthropic_type", "openai_type"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "invalid_request_error"),
        (403, "permission_error", "invalid_request_error"),
        (404, "not_found_error", "invalid_request_error"),
        (413, "request_too_large", "invalid_request_error"),
        (418, "invalid_request_error", "invalid_request_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "api_error", "server_error"),
        (502, "api_error", "server_error"),
        (504, "timeout_error", "server_error"),
        (529, "overloaded_error", "server_error"),
    ],
)
def test_every_status_has_a_type(
    status: int, anthropic_type: str, openai_type: str
) -> None:
    for dialect, expected in (
        (Dialect.MESSAGES, anthropic_type),
        (Dialect.CHAT, openai_type),
        (Dialect.RESPONSES, openai_type),
    ):
        error = orjson.loads(error_body(dialect, status, "no", "code"))["error"]
        assert error["type"] == expected


def test_an_anthropic_body_is_what_the_sdk_reads() -> None:
    body = orjson.loads(error_body(Dialect.MESSAGES, 429, "slow down", "limited"))
    error = anthropic.types.ErrorResponse.model_validate(body)
    assert (error.error.type, error.error.message) == ("rate_limit_error", "slow down")


@pytest.mark.parametrize("dialect", [Dialect.CHAT, Dialect.RESPONSES])
def test_an_openai_body_has_the_four_fields(dialect: Dialect) -> None:
    assert orjson.loads(error_body(dialect, 502, "gone", "upstream_died")) == {
        "error": {
            "message": "gone",
            "type": "server_error",
            "param": None,
            "code": "upstream_died",
        }
    }


def test_the_responses_event_goes_on_counting() -> None:
    last = b'event: x\ndata: {"type":"x","sequence_number":41}'
    event = parse_event(error_event(Dialect.RESPONSES, 502, "gone", "died", last))
    payload = orjson.loads(event.data)
    read = openai.types.responses.ResponseErrorEvent.model_validate(payload)
    assert (event.name, read.message, read.sequence_number) == (b"error", "gone", 42)


@pytest.mark.parametrize("last", [b"", b"data: junk", b"data: []", b"data: {}"])
def test_without_a_number_before_it_counting_begins_at_zero(last: bytes) -> None:
    event = parse_event(error_event(Dialect.RESPONSES, 502, "gone", "died", last))
    assert orjson.loads(event.data)["sequence_number"] == 0


def test_the_messages_event_is_named_and_the_chat_event_is_not() -> None:
    messages = parse_event(error_event(Dialect.MESSAGES, 502, "gone", "died"))
    chat = parse_event(error_event(Dialect.CHAT, 502, "gone", "died"))
    assert messages.name == b"error"
    anthropic.types.ErrorResponse.model_validate_json(messages.data)
    assert chat.name == b""
    assert orjson.loads(chat.data)["error"]["message"] == "gone"


@pytest.mark.parametrize("dialect", [*Dialect])
def test_what_is_quoted_in_a_message_is_masked(dialect: Dialect) -> None:
    message = "the upstream said: password=hunter2"
    told = error_body(dialect, 502, message, "x") + error_event(
        dialect, 502, message, "x"
    )
    assert told.count(b"password=***") == 2
