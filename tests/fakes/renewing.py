"""A process that renews a login, and may die of it: ``python -m fakes.renewing``.

Its arguments are the home, the vendor's URL, the clock, and after the writing of which
kind of file it is killed, or ``-``; with ``before:`` it dies instead of writing. With
``read-only`` it can't write anything.
"""

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path

import httpx

from ccproxy.plugins.codex.disk import write_private
from fakes.chatgpt import ChatGPT
from fakes.codex import Clock, World


async def main(home: str, url: str, clock: str, dies: str) -> None:
    kind = dies.removeprefix("before:")

    def write(path: Path, content: bytes) -> None:
        if dies == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if path.suffix == kind and dies != kind:
            os.kill(os.getpid(), signal.SIGKILL)
        write_private(path, content)
        if path.suffix == kind:
            os.kill(os.getpid(), signal.SIGKILL)

    async with httpx.AsyncClient(trust_env=False) as http:
        world = World(Path(home), ChatGPT(url), http, Clock(float(clock)))
        accounts = await world.accounts(world.store(write=write))
        sys.stdout.write((await accounts.fresh()).access_token)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
