"""What ``make soak`` asks a gateway: all that goes well, and all that does not."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from aiohttp import ClientSession

CHAT, MESSAGES, RESPONSES = "chat/completions", "messages", "responses"

_TEXT = "Count the words of this. " * 20
_PARAMETERS = {"type": "object", "properties": {"word": {"type": "string"}}}


@dataclass(frozen=True)
class Ask:
    """One request.

    Attributes:
        provider: Whose path is asked.
        endpoint: The operation.
        model: The sandbox's, which says what becomes of it.
        stream: Whether a stream is asked for.
        leaves: Whether the client leaves after the first piece.
    """

    provider: str
    endpoint: str
    model: str
    stream: bool = True
    leaves: bool = False

    def body(self) -> dict[str, object]:
        """Write it out."""
        said = [{"role": "user", "content": _TEXT}]
        tool: dict[str, object] = {"name": "look_up", "description": "Look it up."}
        body: dict[str, object] = {"model": self.model, "stream": self.stream}
        if self.endpoint == MESSAGES:
            tool["input_schema"] = _PARAMETERS
            return {**body, "max_tokens": 500, "messages": said, "tools": [tool]}
        tool["parameters"] = _PARAMETERS
        if self.endpoint == RESPONSES:
            return {**body, "input": said, "tools": [{"type": "function", **tool}]}
        tools = [{"type": "function", "function": tool}]
        return {**body, "messages": said, "tools": tools}


MIX: Sequence[Ask | str] = (
    Ask("openai", CHAT, "sandbox-echo", stream=False),
    Ask("openai", CHAT, "sandbox-tools"),
    Ask("openai", RESPONSES, "sandbox-reasoning"),
    Ask("anthropic", MESSAGES, "sandbox-echo"),
    Ask("anthropic", MESSAGES, "sandbox-tools", stream=False),
    Ask("anthropic", CHAT, "sandbox-reasoning"),  # from here on in other dialects
    Ask("anthropic", RESPONSES, "sandbox-tools"),
    Ask("openai", MESSAGES, "sandbox-reasoning"),
    Ask("openai", MESSAGES, "sandbox-echo", stream=False),
    Ask("openai", CHAT, "sandbox-slow-20", leaves=True),
    Ask("anthropic", CHAT, "sandbox-slow-20", leaves=True),
    Ask("openai", CHAT, "sandbox-die"),
    Ask("openai", MESSAGES, "sandbox-die"),
    Ask("openai", CHAT, "sandbox-error-429", stream=False),
    Ask("anthropic", CHAT, "sandbox-error-500"),
    Ask("openai", CHAT, "sandbox-refused"),  # the settings allow one an hour
    Ask("nobody", CHAT, "sandbox-echo"),
    "/v1/models",
    "/metrics",
    "/api/requests?limit=20",
    "/api/stats?by=model",
    "/api/providers",
)
"""Requests to models, and pages that are looked at meanwhile."""


async def load(url: str, seconds: float, at_once: int) -> Counter[int]:
    """Ask for so long, and return how many answers had which status."""
    until = asyncio.get_running_loop().time() + seconds
    told: Counter[int] = Counter()
    async with ClientSession(url) as session:
        await asyncio.gather(
            *(_ask_until(session, until, place, told) for place in range(at_once))
        )
    return told


async def _ask_until(
    session: ClientSession, until: float, first: int, told: Counter[int]
) -> None:
    loop = asyncio.get_running_loop()
    turns = cycle([*MIX[first % len(MIX) :], *MIX[: first % len(MIX)]])
    while loop.time() < until:
        told[await _ask(session, next(turns))] += 1


async def _ask(session: ClientSession, ask: Ask | str) -> int:
    if isinstance(ask, str):
        async with session.get(ask) as page:
            page.raise_for_status()
            await page.read()
            return page.status
    path = f"/{ask.provider}/v1/{ask.endpoint}"
    async with session.post(path, json=ask.body()) as answer:
        if ask.leaves:
            await answer.content.readany()
            answer.close()
        else:
            await answer.read()
        return answer.status
