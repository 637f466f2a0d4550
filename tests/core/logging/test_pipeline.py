"""The log: JSON or console, on stderr, masked at the sink."""

import io
import json
import logging
import warnings
from dataclasses import dataclass

import orjson
import pytest
import structlog

from ccproxy.logging.pipeline import LONGEST, Format, configure

pytestmark = pytest.mark.unit

both = pytest.mark.parametrize("style", ["json", "console"])
SECRET = "sk-" + "proj-abcdefghijklmnopqrstuvwx"


def test_a_line_is_json_where_nobody_watches() -> None:
    out = io.StringIO()
    configure("info", "auto", out)
    structlog.get_logger().info("hello", count=3)
    line = orjson.loads(out.getvalue())
    assert (line["event"], line["level"], line["count"]) == ("hello", "info", 3)
    assert line["timestamp"].endswith("Z")


def test_a_line_is_text_where_somebody_watches() -> None:
    out = io.StringIO()
    configure("info", "console", out)
    structlog.get_logger().info("hello", count=3)
    assert "hello" in out.getvalue()
    assert "count=3" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_less_important_lines_are_not_written() -> None:
    out = io.StringIO()
    configure("warning", "json", out)
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    assert out.getvalue() == ""


@dataclass
class Login:
    token: str


@both
def test_secrets_are_masked_in_values_names_and_objects(style: Format) -> None:
    out = io.StringIO()
    configure("debug", style, out)
    log = structlog.get_logger()
    log.debug(f"event {SECRET}", value=SECRET, nested={"authorization": SECRET})
    log.debug("event", api_key="short", login=Login("short"), error=ValueError(SECRET))
    log.debug("event", headers=[(b"x-api-key", b"short")], body=b'{"password":"short"}')
    assert SECRET not in out.getvalue()
    assert "short" not in out.getvalue()


@both
def test_secrets_are_masked_in_exceptions_and_local_variables_are_not_told(
    style: Format,
) -> None:
    def fail() -> None:
        local = f"local {SECRET}"
        error = ValueError(local)
        error.add_note(f"note {SECRET}")
        raise ExceptionGroup(f"group {SECRET}", [error]) from KeyError(SECRET)

    out = io.StringIO()
    configure("debug", style, out)
    try:
        fail()
    except ExceptionGroup:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("with %s", SECRET)
    assert out.getvalue().count("note ***") == 2
    assert SECRET not in out.getvalue()


@both
def test_secrets_are_masked_in_warnings(style: Format) -> None:
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("info", style, out)
        warnings.warn(f"old {SECRET}", stacklevel=1)
    assert "UserWarning: old ***" in out.getvalue()


def test_a_line_that_can_not_be_written_is_not_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = io.StringIO()
    configure("info", "json", out)
    logging.getLogger("library").warning("%d", SECRET)
    assert "line_not_written" in out.getvalue()
    assert SECRET not in out.getvalue() + capsys.readouterr().err


def test_no_secret_is_cut_in_half() -> None:
    out = io.StringIO()
    configure("info", "json", out)
    for end in range(len(SECRET)):
        start = "a " * ((LONGEST - end) // 2)
        structlog.get_logger().info("x", text=f"{start}{SECRET} and more" + " " * 60)
    assert SECRET[:6] not in out.getvalue()


def test_what_json_can_not_hold_makes_a_line_all_the_same() -> None:
    out = io.StringIO()
    configure("info", "json", out)
    structlog.get_logger().info("x", number=2**70, half="\ud800", keys={1: 2})
    line = json.loads(out.getvalue())
    assert (line["number"], line["half"], line["keys"]) == (2**70, "\ud800", {"1": 2})


def test_the_request_id_is_on_every_line_within_a_request() -> None:
    out = io.StringIO()
    configure("info", "json", out)
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("mine")
        logging.getLogger("library").warning("theirs")
    ids = [orjson.loads(line)["request_id"] for line in out.getvalue().splitlines()]
    assert ids == ["r1", "r1"]


def test_no_value_commands_the_terminal() -> None:
    out = io.StringIO()
    configure("info", "console", out)
    structlog.get_logger().info("x", model="\x1b]0;title\x07\x9b31m")
    assert not {"\x1b", "\x07", "\x9b"} & set(out.getvalue())


def test_a_value_of_any_length_makes_a_line_of_bounded_length() -> None:
    out = io.StringIO()
    configure("info", "json", out)
    structlog.get_logger().info("x", model="token " * 1_000_000)
    structlog.get_logger().info("x", model=ValueError("token " * 100_000))
    assert len(out.getvalue()) < 50_000
