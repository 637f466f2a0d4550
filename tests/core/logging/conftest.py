"""Logging is set up for the whole process; each test leaves it as it was."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for owner in (sys, threading):
        monkeypatch.setattr(owner, "excepthook", owner.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handlers = logging.root.handlers[:]
    level = logging.root.level
    yield
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
