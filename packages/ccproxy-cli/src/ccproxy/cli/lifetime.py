"""A gateway for as long as one program runs."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ccproxy.cli.client import GatewayClient, Target, connected
from ccproxy.cli.console import note
from ccproxy.config import Settings
from ccproxy.config.address import base_url
from ccproxy.config.paths import data_dir
from ccproxy.errors import StartError
from ccproxy.security.private import private_dir

HOST = "127.0.0.1"
START_PATIENCE = 30.0
"""Seconds a gateway may take until it answers."""
STOP_SLACK = 5.0
"""Seconds beyond its grace period after which it is ended by force."""
_POLL = 0.05


class OwnGateway:
    """The gateway that was started.

    Args:
        target: Where it is.
        log: Its log, which is removed unless there is a reason to read it.
    """

    def __init__(self, target: Target, log: Path) -> None:
        self.target = target
        self.log = log
        self.is_log_kept = False

    def keep_log(self, reason: str) -> None:
        """Keep the log, and say why and where it is."""
        self.is_log_kept = True
        note(f"{reason} The log of its gateway is {self.log}.")


@asynccontextmanager
async def own_gateway(
    settings: Settings, options: Sequence[str], token: str | None
) -> AsyncIterator[OwnGateway]:
    """Start a gateway on a free port, and stop it at the end.

    Args:
        settings: The settings it will find.
        options: The options of ``serve`` that make it find them.
        token: The client token to show it, if it asks for one.

    Raises:
        StartError: It did not start; the message says what it said.
    """
    port = _free_port()
    target = Target(base_url(HOST, port), token)
    logs = private_dir(private_dir(data_dir()) / "logs")
    log = logs / f"run-{os.getpid()}.log"
    own = OwnGateway(target, log)
    gateway = await _start([*options, f"--host={HOST}", f"--port={port}"], log)
    try:
        async with connected(target, settings) as client:
            await _until_it_answers(gateway, client, log)
        note(f"No gateway ran, so one runs for this program: {target.url}")
        yield own
    finally:
        await _stop(gateway, settings.server.grace_seconds + STOP_SLACK)
        if gateway.returncode == 0 and not own.is_log_kept:
            log.unlink(missing_ok=True)


async def _start(options: Sequence[str], log: Path) -> Process:
    # A session of its own: Ctrl-C in the terminal is meant for the program.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            # -P: or a module of the folder one works in could stand in for ours.
            *(sys.executable, "-P", "-m", "ccproxy.cli", "serve", *options),
            "--stop-on-eof",  # so that it stops even if this process is killed
            stdin=PIPE,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


async def _until_it_answers(gateway: Process, client: GatewayClient, log: Path) -> None:
    try:
        async with asyncio.timeout(START_PATIENCE):
            while not await client.is_live():
                if gateway.returncode is not None:
                    raise _ended(log)
                await asyncio.sleep(_POLL)
    except TimeoutError as error:
        msg = f"The gateway did not answer within {START_PATIENCE:.0f} seconds."
        raise StartError(msg, hint=f"Its log is {log}.") from error


def _ended(log: Path) -> StartError:
    """Repeat what the gateway said last."""
    text = log.read_text(encoding="utf-8", errors="replace")
    said = " ".join(text.splitlines()[-2:]).removeprefix("Error: ")
    msg = f"The gateway did not start. {said}".rstrip()
    return StartError(msg, hint=f"Its log is {log}.")


async def _stop(gateway: Process, patience: float) -> None:
    if gateway.returncode is not None:
        return
    gateway.terminate()
    try:
        async with asyncio.timeout(patience):
            await gateway.wait()
    except TimeoutError:
        gateway.kill()
        await gateway.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
