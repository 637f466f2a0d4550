"""Measures what limits cost a request: ``python scripts/bench_limits.py``."""

import asyncio
import gc
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from limits import parse

from ccproxy.api.asked import Asked
from ccproxy.api.attention import Attention, Lookout
from ccproxy.api.exchange import KEY, Exchange, exchange_of
from ccproxy.api.limits.guard import Guard
from ccproxy.api.limits.limiting import Limiting
from ccproxy.api.limits.rates_memory import MemoryRates
from ccproxy.api.limits.turnstile import Turnstile
from ccproxy.api.middleware.limiter import Limiter
from ccproxy.api.routing import PathTable, Target
from ccproxy.config.sections import Guard as GuardSettings
from ccproxy.config.sections import Limits, ModelLimit, Price
from ccproxy.dialects import Endpoint
from ccproxy.dialects.answer import Usage
from ccproxy.hooks.bus import HookBus
from ccproxy.prices.book import PriceBook
from ccproxy.sdk import (
    ASGIApp,
    JsonObject,
    Message,
    Provider,
    Receive,
    Scope,
    Send,
)
from ccproxy.services.pricing import Pricing
from ccproxy.services.spending import Spending
from ccproxy.storage.database import Database

_MATCH = PathTable((), ()).match("/v1/messages")
_TIMES = 20_000
_TIMES_OF_ALL = 3000
"""Fewer than may wait to be written, since here nothing ever is."""
_CALLER = Limits(
    enabled=True,
    requests="1000000/minute",
    concurrent=9,
    tokens="1000000M/day",
    cost="1000000/day",
    budgets=("1000000/day",),
)
_ALL = _CALLER.model_copy(
    update={
        "address_requests": "1000000/minute",
        "address_concurrent": 9,
        "address_tokens": "1000000M/day",
        "address_cost": "1000000/day",
        "models": (
            ModelLimit(
                match="m*",
                requests="1000000/minute",
                concurrent=9,
                tokens="1000000M/day",
                cost="1000000/day",
            ),
        ),
    }
)
_WATCHED = GuardSettings(
    enabled=True, session_tokens=10**15, session_cost=1e9, session_seconds=1e9
)


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


async def _seconds(app: ASGIApp, scopes: Sequence[Scope], times: int = _TIMES) -> float:
    """Return the least processor time of three tries."""
    tries = []
    gc.collect()
    gc.disable()  # or what waits to be written, and never is here, would be looked at
    for _ in range(3):
        began = time.process_time()
        for number in range(times):
            await app(scopes[number % len(scopes)], _receive, _send)
        tries.append(time.process_time() - began)
    gc.enable()
    return min(tries)


def _conversation() -> JsonObject:
    """Make a conversation in which 50 tools were called, a different one each time."""
    said: JsonObject = {"messages": [], "max_tokens": 32_000}
    for number in range(50):
        call = {"type": "tool_use", "id": f"t{number}", "name": "Bash"}
        result = {"type": "tool_result", "tool_use_id": f"t{number}"}
        said["messages"] += [  # type: ignore[operator]  # it is the list above
            {"role": "assistant", "content": [{**call, "input": {"n": number}}]},
            {"role": "user", "content": [{**result, "content": f"{number} " * 100}]},
        ]
    return said


async def _charged(limits: Limits, guard: Guard | None) -> float:
    """Measure requests that are charged for what they use."""
    with TemporaryDirectory() as folder:
        limiting = Limiting(
            limits,
            Pricing(PriceBook([Price(match="*", input=3, output=15)], dict)),
            Spending(Database(f"duckdb:///{folder}/spending.duckdb")),
            guard,
        )
        scopes = _scopes(1)
        exchange = exchange_of(scopes[0])
        exchange.headers[b"session-id"] = b"s"
        exchange.provider, exchange.model = "p", "m"
        exchange.usage = Usage(input=100, cache_read=50_000, output=500)
        provider = Provider(name="p", base_url="https://p.test", endpoints=())
        target = Target(provider, "m")
        asked = Asked(
            exchange,
            Endpoint.MESSAGES,
            _conversation(),
            bytes(1000),
            scopes[0],
            _send,
            Attention(_receive, Lookout()),
            (),
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            async with limiting.admit(asked, target):
                await _app(scope, receive, send)

        return await _seconds(limiting.before(app), scopes, _TIMES_OF_ALL)


def main() -> None:
    """Measure, and print what came out."""
    rate = parse("1000000/minute")
    for addresses in (1, 10_000):
        scopes = _scopes(addresses)
        for rates, address_rate in (("one rate", None), ("two rates", rate)):
            turnstile = Turnstile(MemoryRates("sliding"))
            app = Limiter(
                _app, turnstile, rate=rate, concurrent=9, address_rate=address_rate
            )
            took = asyncio.run(_seconds(app, scopes)) / _TIMES * 1e6
            print(f"{rates}, {addresses:6} addresses {took:18.1f} us")
    guard = Guard(_WATCHED, HookBus())
    for name, limits, each in (
        ("requests, tokens, cost, a budget", _CALLER, None),
        ("and the same of addresses and models", _ALL, None),
        ("and the guard", _ALL, guard),
    ):
        runs = [asyncio.run(_charged(limits, each)) for _ in range(3)]
        took = min(runs) / _TIMES_OF_ALL * 1e6
        print(f"{name:36} {took:6.1f} us")


if __name__ == "__main__":
    main()
