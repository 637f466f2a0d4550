"""Runs a program in our place: its terminal, its signals, its exit code."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

from ccproxy.errors import CCProxyError

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Passes signals on to the program; until there is one, they cancel the task.

    Attributes:
        last: The last signal that came, if any.
    """

    def __init__(self) -> None:
        self.last: signal.Signals | None = None
        self._program: Process | None = None
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        # What is ignored, as under nohup, stays ignored by the program, too.
        self._heeded = [
            number
            for number in _PASSED_ON
            if signal.getsignal(number) is not signal.SIG_IGN
        ]

    def __enter__(self) -> Self:
        for number in self._heeded:
            self._loop.add_signal_handler(number, self._came, number)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._heeded:
            self._loop.remove_signal_handler(number)

    async def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run the program, and return its exit code as a shell would tell it.

        Raises:
            CCProxyError: It can't be started.
        """
        try:
            program = await asyncio.create_subprocess_exec(*command, env=environment)
        except OSError as error:
            msg = f"{command[0]} can't be started: {error.strerror}."
            raise CCProxyError(msg) from error
        self._program = program
        code = await program.wait()
        self._program = None
        return code if code >= 0 else 128 - code

    def _came(self, number: signal.Signals) -> None:
        self.last = number
        if self._program is None:
            if self._task is not None:
                self._task.cancel()
        elif not (number is signal.SIGINT and sys.stdin.isatty()):
            # In a terminal Ctrl-C reaches the program without us.
            with suppress(ProcessLookupError):
                self._program.send_signal(number)
