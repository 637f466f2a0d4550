"""What went wrong at an upstream, read from whatever it says."""

from typing import Any

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Problem
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.problem import problem_of, read_problem
from ccproxy.dialects.spoken import SPEAKERS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"m","type":"t"}}', "m"),
        (b'{"type":"error","error":{"type":"t","message":"m"}}', "m"),
        (b'{"detail":"Instructions are required"}', "Instructions are required"),
        (b'{"detail":[{"msg":"a"},{"msg":"b"}]}', "a; b"),
        (b'{"detail":{"message":"m"}}', "m"),
        (b'{"error":"m"}', "m"),
        (b'{"message":"m"}', "m"),
        (
            b"<html><head><title>502</title></head><body><h1>Bad</h1> gateway</body>",
            "Bad gateway",
        ),
        (b"<html><title>Sign in</title><script>x()</script></html>", "Sign in"),
        (b"upstream connect error", "upstream connect error"),
        (b"", "The upstream answered 418."),
        (b"[]", "The upstream answered 418."),
        (b"{}", "The upstream reported a failure."),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_every_shape_of_error_tells_its_message(body: bytes, message: str) -> None:
    problem = read_problem(418, body)
    assert (problem.status, problem.message) == (418, message)


def test_a_limit_tells_when_it_ends() -> None:
    """The ChatGPT backend says it in the body alone."""
    error = {"type": "usage_limit_reached", "message": "m", "resets_in_seconds": 90}
    problem = read_problem(429, orjson.dumps({"error": error}))
    assert (problem.code, problem.retry_after) == ("usage_limit_reached", 90)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"type": "overloaded_error"}, 529),
        ({"type": "rate_limit_error"}, 429),
        ({"code": "context_length_exceeded"}, 400),
        ({"code": "rate_limit_exceeded", "type": "server_error"}, 429),
        ({"code": "something"}, 500),
        ({"code": 402}, 402),
        ({"code": 7}, 500),
        ({}, 500),
    ],
)
def test_an_error_in_a_stream_has_the_status_it_would_have_had(
    error: JsonObject, status: int
) -> None:
    assert problem_of({"error": {**error, "message": "m"}}).status == status


def test_a_message_has_an_end() -> None:
    assert len(read_problem(500, b'{"message":"' + b"x" * 9000 + b'"}').message) == 2000


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"error": {"type": "overloaded_error", "message": "m"}}, 529),
        ({"message": "hello"}, 502),
        ({"choices": [], "content": "words", "output": None}, 502),
    ],
)
def test_what_is_no_answer_is_a_problem_whatever_its_status_says(
    dialect: Dialect, payload: dict[str, Any], status: int
) -> None:
    """OpenRouter tells errors with status 200."""
    told = SPEAKERS[dialect].parse_answer(payload, "maker")
    assert isinstance(told, Problem)
    assert told.status == status


def test_a_chat_answer_that_its_server_could_not_finish_is_a_problem() -> None:
    choice: JsonObject = {"message": {"content": "Half"}, "finish_reason": "error"}
    told = SPEAKERS[Dialect.CHAT].parse_answer({"choices": [choice]}, "maker")
    assert isinstance(told, Problem)
