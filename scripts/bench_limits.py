"""Measures what limits cost a request: ``python scripts/bench_limits.py``."""

import asyncio
import time
from collections.abc import Sequence

from limits import parse

from ccproxy.api.exchange import KEY, Exchange
from ccproxy.api.middleware.limiter import Limiter
from ccproxy.api.rates import Rates
from ccproxy.api.routing import PathTable
from ccproxy.api.turnstile import Turnstile
from ccproxy.api.windows import Windows
from ccproxy.sdk import Message, Receive, Scope, Send

_MATCH = PathTable((), ()).match("/v1/messages")
_TIMES = 20_000


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer nothing."""


async def _receive() -> Message:
    return {}


async def _send(message: Message) -> None:
    del message


def _scopes(addresses: int) -> list[Scope]:
    return [
        {
            KEY: Exchange(id="", match=_MATCH, method="POST", headers={}, began=0),
            "client": (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1),
        }
        for number in range(addresses)
    ]


async def _seconds(app: Limiter, scopes: Sequence[Scope]) -> float:
    """Return the least processor time of three tries."""
    tries = []
    for _ in range(3):
        began = time.process_time()
        for number in range(_TIMES):
            await app(scopes[number % len(scopes)], _receive, _send)
        tries.append(time.process_time() - began)
    return min(tries)


def main() -> None:
    """Measure, and print what came out."""
    rate = parse("1000000/minute")
    for addresses in (1, 10_000):
        scopes = _scopes(addresses)
        for rates, address_rate in (("one rate", None), ("two rates", rate)):
            turnstile = Turnstile(Rates(Windows(), "sliding"))
            app = Limiter(
                _app, turnstile, rate=rate, concurrent=9, address_rate=address_rate
            )
            took = asyncio.run(_seconds(app, scopes)) / _TIMES * 1e6
            print(f"{rates}, {addresses:6} addresses {took:12.1f} us")


if __name__ == "__main__":
    main()
