"""The real server process, in a home of its own, in front of a strict vendor."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fakes.databases import lay_tables
from fakes.forked import started_program
from fakes.trust import trusted

TOKEN = "e2e-client-token"


@dataclass
class Running:
    """A gateway that answers, whatever its process is."""

    url: str
    home: Path
    log: Path


@dataclass
class Server(Running):
    """A running server process."""

    process: subprocess.Popen[str]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def clean_environ(home: Path) -> dict[str, str]:
    """Nothing of the person's own: no keys, no settings, an empty home."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    xdg = {
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
    }
    return kept | xdg | trusted() | {"HOME": str(home), "PYTHONWARNINGS": "default"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ccproxy.cli", *arguments]


@asynccontextmanager
async def serving(
    home: Path, *arguments: str, environ: dict[str, str] | None = None
) -> AsyncIterator[Server]:
    """Start ``ccproxy serve`` and wait until it answers.

    Its home has a database, as after any other start than the first one.
    """
    lay_tables(home / ".local/share/ccproxy/ccproxy.duckdb")
    port = free_port()
    log = home / "server.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(  # noqa: ASYNC220  (it only starts here)
            command("serve", "--port", str(port), *arguments),
            env=clean_environ(home) | (environ or {}),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    server = Server(f"http://127.0.0.1:{port}", home, log, process)
    try:
        await asyncio.to_thread(wait_for, server, process.poll)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        await asyncio.to_thread(process.wait)
        if process.stdout is not None:
            process.stdout.close()


@asynccontextmanager
async def answering(home: Path, *arguments: str) -> AsyncIterator[Running]:
    """Run ``ccproxy serve`` in a fork, for tests that are not about how it starts."""
    lay_tables(home / ".local/share/ccproxy/ccproxy.duckdb")
    port = free_port()
    running = Running(f"http://127.0.0.1:{port}", home, home / "server.log")
    with started_program(
        ("serve", "--port", str(port), *arguments),
        clean_environ(home),
        home,
        stdout=Path(os.devnull),
        stderr=running.log,
    ) as process:
        await asyncio.to_thread(wait_for, running, lambda: process.exitcode)
        yield running


def wait_for_nobody(url: str) -> None:
    """Wait until nobody listens there any more."""
    address = httpx.URL(url)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.host, address.port or 80)).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)  # other processes end when they do
    raise AssertionError(f"somebody still listens at {url}")


def wait_for(server: Running, ended: Callable[[], int | None]) -> None:
    deadline = time.monotonic() + 30
    with httpx.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            if ended() is not None:
                pytest.fail(f"the server ended: {server.log.read_text()}")
            try:
                client.get(f"{server.url}/health/live").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.02)  # a process can only be asked again
            else:
                return
    pytest.fail("the server does not answer")
