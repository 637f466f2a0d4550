"""The log: JSON or console, on stderr, masked at the sink."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from ccproxy.logging.pipeline import configure

pytestmark = pytest.mark.unit

SECRET = "sk-" + "proj-abcdefghijklmnopqrstuvwx"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    handlers = logging.root.handlers[:]
    level = logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


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


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets_are_masked_in_values_names_exceptions_and_libraries(
    style: str,
) -> None:
    out = io.StringIO()
    configure("debug", "json" if style == "json" else "console", out)
    log = structlog.get_logger()
    log.debug(f"event {SECRET}", value=SECRET, nested={"authorization": SECRET})
    log.debug("event", api_key="short")
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("with %s", SECRET)
    assert SECRET not in out.getvalue()
    assert "short" not in out.getvalue()
    assert "ValueError" in out.getvalue()


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
    assert len(out.getvalue()) < 50_000
