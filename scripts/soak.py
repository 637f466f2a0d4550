"""Asks a gateway for minutes, and tells whether it holds on to anything: ``make soak``.

The gateway under test asks a second one over real sockets, whose sandbox plays all
vendors. After each round of load it is left alone, and what it still holds is noted.
"""

import argparse
import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from flatness import FEWEST, Sample, growing
from soak_traffic import load

ROUND = 10.0
"""Seconds of load between two looks."""
REST = 2.5
"""Seconds that it is left alone before a look: records are written every two."""

_TASKS = '''
"""Tells how many tasks the event loop has."""

import asyncio

from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig
from ccproxy.sdk import Request, Response, Route


class TasksPlugin(Plugin[PluginConfig]):
    """Answers ``/tasks``."""

    manifest = Manifest(name="tasks", version="1")

    def setup(self, add: Contributions) -> None:
        add.routes(Route("/tasks", self._tell))

    async def _tell(self, request: Request) -> Response:
        return Response(str(len(asyncio.all_tasks())).encode())
'''

_SETTINGS = """
[plugins]
directory = "{folder}/plugins"

[plugins.openai]
base_url = "http://127.0.0.1:{port}/sandbox/v1"
api_key = "soak"
endpoints = ["chat/completions", "responses"]

[plugins.anthropic]
base_url = "http://127.0.0.1:{port}/sandbox"
api_key = "soak"

[limits]
enabled = true
requests = "1000000/minute"
tokens = "1000M/minute"
models = [{{ match = "sandbox-refused", requests = "1/hour" }}]

[guard]
enabled = true

[capture]
providers = ["*"]
"""


async def main() -> int:
    """Load, look, judge."""
    parser = argparse.ArgumentParser(description="Look for what a gateway keeps.")
    parser.add_argument("--minutes", type=float, default=5, help="of load")
    parser.add_argument("--at-once", type=int, default=22, help="requests at once")
    parser.add_argument("--round", type=float, default=ROUND, help="seconds of it")
    options = parser.parse_args()
    rounds = max(FEWEST, round(options.minutes * 60 / options.round))
    samples = []
    async with _pair() as (pid, url):
        for number in range(1, rounds + 1):
            answers = await load(url, options.round, options.at_once)
            samples.append(await _look(pid, url))
            print(
                f"round {number} of {rounds}: {_statuses(answers)}; "
                f"{_told(samples[-1])}",
                flush=True,
            )
    found = growing(samples)
    for each in found:
        print(f"It grows. {each}")
    if not found:
        print("Nothing grows.")
    return 1 if found else 0


def _statuses(answers: Counter[int]) -> str:
    return ", ".join(f"{count} x {each}" for each, count in sorted(answers.items()))


def _told(sample: Sample) -> str:
    return (
        f"{sample.memory / 1e6:.0f} MB, {sample.handles} handles, "
        f"{sample.threads} threads, {sample.tasks} tasks"
    )


async def _look(pid: int, url: str) -> Sample:
    """Look at what a process holds, once it has come to rest."""
    await asyncio.sleep(REST)
    async with aiohttp.ClientSession(url) as session, session.get("/tasks") as told:
        tasks = int(await told.text())
        proc = Path(f"/proc/{pid}")
        resident = int((proc / "statm").read_text().split()[1])
        return Sample(
            memory=resident * os.sysconf("SC_PAGE_SIZE"),
            handles=len(list((proc / "fd").iterdir())),
            threads=len(list((proc / "task").iterdir())),
            tasks=tasks,
        )


@asynccontextmanager
async def _pair() -> AsyncIterator[tuple[int, str]]:
    """Run both gateways; give the first one's process id and URL."""
    with TemporaryDirectory(prefix="ccproxy-soak-") as name:
        folder = Path(name)
        for each in ("vendors", "gateway", "plugins"):
            (folder / each).mkdir(mode=0o700)
        async with _gateway(folder / "vendors", {}) as (_, port):
            (folder / "plugins" / "tasks.py").write_text(_TASKS)
            config = folder / "config.toml"
            config.write_text(_SETTINGS.format(folder=folder, port=port))
            environ = {"CCPROXY_CONFIG": str(config)}
            async with _gateway(folder / "gateway", environ) as (pid, own):
                yield pid, f"http://127.0.0.1:{own}"


@asynccontextmanager
async def _gateway(
    home: Path, environ: Mapping[str, str]
) -> AsyncIterator[tuple[int, int]]:
    """Run a gateway in a process of its own; give its process id and port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccproxy.cli", "serve"),
        *("--port", "0", "--log-level", "error"),
        env={"HOME": str(home), "PATH": os.defpath, **environ},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None:
            sys.exit("The gateway has no output.")
        async for line in process.stdout:
            if found := re.search(rb"running on http://127\.0\.0\.1:(\d+)", line):
                yield process.pid, int(found[1])
                return
        sys.exit("The gateway did not start.")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
