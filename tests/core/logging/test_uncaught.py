"""What Python would print by itself goes through the log, and is masked there."""

import io
import sys
import threading

import pytest

from ccproxy.logging.pipeline import configure

pytestmark = pytest.mark.unit

SECRET = "sk-" + "proj-abcdefghijklmnopqrstuvwx"


def fail() -> None:
    raise ValueError(SECRET)


class Careless:
    """Fails where nobody can be told."""

    def __del__(self) -> None:
        fail()


def test_what_ends_the_program_is_logged() -> None:
    out = io.StringIO()
    configure("error", "json", out)
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "program_ended" in out.getvalue()
    assert "ValueError: ***" in out.getvalue()


def test_a_person_who_stops_the_program_sees_what_python_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = io.StringIO()
    configure("error", "json", out)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert out.getvalue() == ""
    assert capsys.readouterr().err == "KeyboardInterrupt\n"


def test_what_ends_a_thread_is_logged() -> None:
    out = io.StringIO()
    configure("error", "json", out)
    for target in (fail, sys.exit):
        thread = threading.Thread(target=target, name="mine")
        thread.start()
        thread.join()
    assert out.getvalue().count("thread_ended") == 1
    assert '"thread":"mine"' in out.getvalue()
    assert "ValueError: ***" in out.getvalue()


def test_an_error_that_nobody_could_be_told_of_is_logged() -> None:
    out = io.StringIO()
    configure("error", "json", out)
    Careless()
    assert "error_lost" in out.getvalue()
    assert "ValueError: ***" in out.getvalue()
