"""Measures the gateway on this machine: ``make bench``.

A small upstream and the load run in this process, the gateway in one of its own. The
same load straight to the upstream shows what of each figure is the script's.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_QUESTION = b'{"model":"bench","messages":[{"role":"user","content":"hello"}]}'
_ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":0,"model":"bench",'
    b'"choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"hello"}}],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}'
)
_REPLY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_ANSWER), _ANSWER)
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What is asked: an address and a path there."""

    port: int
    path: str

    def request(self) -> bytes:
        """Write the request out."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(_QUESTION)}\r\n\r\n"
        )
        return head.encode() + _QUESTION


async def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description="Measure the gateway.")
    parser.add_argument("--requests", type=int, default=3000, help="in each round")
    parser.add_argument("--at-once", type=int, default=32, help="connections")
    parser.add_argument("--rounds", type=int, default=5, help="the median counts")
    options = parser.parse_args()

    upstream = await asyncio.start_server(_answer, "127.0.0.1", 0)
    direct = Target(upstream.sockets[0].getsockname()[1], "/v1/chat/completions")
    began = time.perf_counter()
    async with upstream, _gateway(direct.port) as port:
        relayed = Target(port, "/openai/v1/chat/completions")
        await _load(relayed, 1, 1)
        print(f"start to first answer   {time.perf_counter() - began:7.2f} s")
        await _load(relayed, options.requests // 10, options.at_once)
        rounds = range(options.rounds)
        for name, target in (("gateway", relayed), ("no gateway", direct)):
            alone = [await _load(target, options.requests // 5, 1) for _ in rounds]
            times = [statistics.median(each) * 1000 for each in alone]
            print(f"{name:10} one at a time {_told(times)} ms p50")
            rates = []
            for _ in rounds:
                started = time.perf_counter()
                await _load(target, options.requests, options.at_once)
                rates.append(options.requests / (time.perf_counter() - started))
            print(f"{name:10} {options.at_once:3} at once   {_told(rates)} requests/s")


def _told(figures: list[float]) -> str:
    """Write the median and the range of all rounds."""
    middle = statistics.median(figures)
    return f"{middle:9.2f} ({min(figures):.2f} to {max(figures):.2f})"


async def _load(target: Target, count: int, at_once: int) -> list[float]:
    """Ask ``count`` times over ``at_once`` connections; return the seconds of each."""
    share = [count // at_once + (n < count % at_once) for n in range(at_once)]
    taken = await asyncio.gather(*(_ask(target, each) for each in share))
    return [seconds for each in taken for seconds in each]


async def _ask(target: Target, count: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    request = target.request()
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(request)
        await _read(reader)
        taken.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return taken


async def _read(reader: asyncio.StreamReader) -> None:
    """Read one answer to its end, and insist that it is the right one."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if length:
        body = await reader.readexactly(int(length[1]))
    else:  # chunked
        body = await reader.readuntil(b"0\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200") or _ANSWER not in body:
        sys.exit(f"This came in place of the answer:\n{(head + body).decode()}")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be an upstream that answers at once, over a connection that stays."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            break
        if length := _LENGTH.search(head):
            await reader.readexactly(int(length[1]))
        writer.write(_REPLY)
    writer.close()


@asynccontextmanager
async def _gateway(upstream_port: int) -> AsyncIterator[int]:
    """Run a gateway with the settings it has by default, and give its port."""
    with tempfile.TemporaryDirectory() as home:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ccproxy.cli", "serve", "--port", "0"),
            env={
                "HOME": home,
                "PATH": os.defpath,
                "CCPROXY_PLUGINS__OPENAI__BASE_URL": f"http://127.0.0.1:{upstream_port}/v1",
                "CCPROXY_PLUGINS__OPENAI__API_KEY": "bench",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield await _announced(process)
        finally:
            process.terminate()
            await process.communicate()


async def _announced(process: asyncio.subprocess.Process) -> int:
    if process.stdout is None:
        sys.exit("The gateway has no output.")
    async for line in process.stdout:
        if found := re.search(rb"running on http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    sys.exit("The gateway did not start; `ccproxy doctor` tells why.")


if __name__ == "__main__":
    asyncio.run(main())
