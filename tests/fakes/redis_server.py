"""A real Redis on a loopback port, for tests that share its counts."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

ONE_REDIS = (pytest.mark.services, pytest.mark.xdist_group("redis"))


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Start a Redis that keeps nothing, and tell its URL."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = _free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "")
    server = subprocess.Popen(
        [program, *options, "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    """Ask until it answers; the test's own time limit ends the asking."""
    at_once = Retry(NoBackoff(), 0)
    with closing(redis.Redis(port=port, retry=at_once)) as client:
        while True:
            with suppress(redis.ConnectionError):
                client.ping()
                return
