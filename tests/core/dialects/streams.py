"""The golden streams, and how to translate them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Event
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.sse import EventSplitter, ServerSentEvent, parse_event
from ccproxy.dialects.whole import Collector
from core.dialects.examples import BASES

_PREFIXES = {
    "messages": Dialect.MESSAGES,
    "chat": Dialect.CHAT,
    "responses": Dialect.RESPONSES,
}
GOLDEN = {
    file.stem: file.read_bytes()
    for file in sorted(Path(__file__).with_name("golden").glob("*.sse"))
}
ENDS_BADLY = {
    "messages-error",
    "chat-error",
    "chat-unfinished",
    "responses-failed",
    "responses-error",
}


def dialect_of(name: str) -> Dialect:
    return _PREFIXES[name.partition("-")[0]]


WHOLE = [name for name in GOLDEN if name not in ENDS_BADLY]
CROSSINGS = [
    (name, client)
    for name in GOLDEN
    for client in Dialect
    if client != dialect_of(name)
]


def translation(client: Dialect, upstream: Dialect, **asked: Any) -> Translation:
    payload = {**BASES[client], "stream": True, **asked}
    if client is Dialect.CHAT:
        payload["stream_options"] = {"include_usage": True}
    return Translation(
        client, upstream, payload, model="up", maker="maker", name="n", created=7
    )


def cut(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut a stream at these places."""
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]


def translate(
    name: str, client: Dialect, cuts: Sequence[int] = (), **asked: Any
) -> bytes:
    """Translate a golden stream, cut at these places."""
    stream = translation(client, dialect_of(name), **asked).stream()
    pieces = [stream.feed(chunk) for chunk in cut(GOLDEN[name], cuts)]
    return b"".join([*pieces, stream.end()])


def parse(
    dialect: Dialect, chunks: Iterable[bytes], maker: str = "maker"
) -> list[Event]:
    parser = SPEAKERS[dialect].parser(maker)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.end()


def collect(dialect: Dialect, chunks: Iterable[bytes]) -> Answer:
    collector = Collector()
    collector.feed(parse(dialect, chunks))
    assert collector.whole
    return collector.answer()


def events(stream: bytes) -> list[ServerSentEvent]:
    splitter = EventSplitter()
    blocks = [*splitter.feed(stream), splitter.flush()]
    return [parse_event(block) for block in blocks if block]


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """Read the JSON of each event; Chat's last word is none."""
    return [
        orjson.loads(event.data) for event in events(stream) if event.data != b"[DONE]"
    ]


def kinds(stream: bytes) -> list[str]:
    """Name the events in their order, each once where it comes many times over."""
    named = [str(payload["type"]) for payload in payloads(stream)]
    return [name for before, name in pairwise(["", *named]) if name != before]
