"""Feeds odd input to whatever reads what others wrote: ``make fuzz``.

Each target takes bytes or JSON that were real and then changed somewhere. It may refuse
them with an error of the gateway's own; anything else that it raises is a fault, and
how to see it again is printed.
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import orjson

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Problem
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.masking import mask_said
from ccproxy.dialects.problem import read_problem
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.tap import StreamTap
from ccproxy.errors import CCProxyError
from ccproxy.models.captured import EVENTS, MARGIN, Said

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/core/dialects/golden"
Target: TypeAlias = Callable[[random.Random], None]

_ODD: tuple[Json, ...] = (
    None,
    True,
    -1,
    0.5,
    "",
    "x" * 300,
    "\u2028",
    "data:image/png;base64,AAAA",
    [],
    {},
    [[None]],
    {"type": "text"},
    {"type": []},
)
_PLAIN: JsonObject = {"model": "m", "messages": [], "input": "x"}
_CALLS: Json = [
    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
]
_REQUESTS: Mapping[Dialect, JsonObject] = {
    Dialect.MESSAGES: {
        "model": "m",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "s", "cache_control": {}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "thinking",
                        "thinking": "h",
                        "signature": "ccproxy1:a:b:c:d",
                    },
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "content": [
                            {"type": "image", "source": {"type": "url", "url": "u"}},
                            {"type": "document", "source": {"type": "text"}},
                        ],
                    }
                ],
            },
        ],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "low", "format": {"schema": {}}},
        "metadata": {"user_id": '{"session_id":"s"}'},
    },
    Dialect.CHAT: {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "u"}}],
            },
            {"role": "assistant", "content": "b", "tool_calls": _CALLS},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {}}},
            {"type": "custom", "custom": {"name": "g", "format": {"grammar": {}}}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"schema": {}}},
        "stop": ["x"],
        "temperature": 1.5,
        "service_tier": "auto",
        "reasoning_effort": "low",
        "parallel_tool_calls": False,
        "max_tokens": 9,
        "user": "me",
    },
    Dialect.RESPONSES: {
        "model": "m",
        "instructions": "s",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
            {
                "type": "reasoning",
                "id": "r",
                "summary": [{"text": "h"}],
                "encrypted_content": "ccproxy1:a:b:c:d",
            },
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [{"text": "r"}]},
            {"type": "additional_tools", "tools": [{"type": "custom", "name": "h"}]},
        ],
        "tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "schema": {}}, "verbosity": "low"},
        "max_output_tokens": 9,
        "include": ["x"],
        "service_tier": "flex",
        "metadata": {"k": "v"},
    },
}


def main() -> int:
    """Run all targets in turns until the time is over.

    Returns:
        An exit code: 1 if a target failed.
    """
    parser = argparse.ArgumentParser(description="Feed odd input to what reads it.")
    parser.add_argument("--seconds", type=float, default=60, help="how long, in all")
    parser.add_argument("--seed", type=int, help="run the one input of a failure")
    parser.add_argument("--target", help="run one target; a part of its name will do")
    options = parser.parse_args()
    wanted = options.target or ""
    targets = {name: run for name, run in _targets().items() if wanted in name}
    until = time.monotonic() + options.seconds
    tries = 0
    first = time.time_ns() if options.seed is None else options.seed
    while time.monotonic() < until:
        for name, run in targets.items():
            if not _survives(name, run, first + tries):
                return 1
        tries += 1
        if options.seed is not None:
            break
    print(f"{len(targets)} targets, {tries} inputs each: no fault.")
    return 0


def _survives(name: str, run: Target, seed: int) -> bool:
    try:
        run(random.Random(seed))  # noqa: S311  (nothing is kept secret by it)
    except CCProxyError:
        return True
    except Exception:  # noqa: BLE001  (to find them is what this is for)
        traceback.print_exc()
        print(f"FAULT: make fuzz ARGS='--target {name} --seed {seed}' shows it again.")
        return False
    return True


def _targets() -> Mapping[str, Target]:
    found: dict[str, Target] = {}
    for dialect in Dialect:
        found[f"stream-{dialect}"] = _stream_of(dialect)
        found[f"answer-{dialect}"] = _answer_of(dialect)
        found[f"request-{dialect}"] = _request_of(dialect)
        found[f"tap-{dialect}"] = _tap_of(dialect)
        found[f"mask-{dialect}"] = _mask_of(dialect)
    found["problem"] = _problem
    return found


def _stream_of(dialect: Dialect) -> Target:
    """Translate a golden stream that was changed, cut anywhere, into each dialect."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        stream = _changed_bytes(chance, chance.choice(streams))
        for client in Dialect:
            crossing = _crossing(client, dialect).stream()
            for chunk in _cut(chance, stream):
                crossing.feed(chunk)
            crossing.end()

    return run


def _answer_of(dialect: Dialect) -> Target:
    """Translate a whole answer that was changed into each dialect."""
    wholes = [
        orjson.loads(_crossing(dialect, dialect).render(answer))
        for stream in _golden(dialect)
        if isinstance(answer := _collected(dialect, stream), Answer)
    ]

    def run(chance: random.Random) -> None:
        body = orjson.dumps(_changed(chance, chance.choice(wholes)))
        for client in Dialect:
            crossing = _crossing(client, dialect)
            answer = crossing.read(body)
            if isinstance(answer, Answer):
                crossing.render(answer)
                crossing.replay(answer)

    return run


def _request_of(dialect: Dialect) -> Target:
    """Translate a request that was changed into each other dialect."""

    def run(chance: random.Random) -> None:
        payload = _changed(chance, _REQUESTS[dialect])
        if not isinstance(payload, dict):
            return
        for upstream in Dialect:
            if upstream is not dialect:
                orjson.dumps(_crossing(dialect, upstream, payload).payload)
        SPEAKERS[dialect].without_seals(payload)

    return run


def _tap_of(dialect: Dialect) -> Target:
    """Watch a golden stream that was changed; it passes as it came."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        stream = _changed_bytes(chance, chance.choice(streams))
        tap = StreamTap(dialect)
        passed = b"".join([tap.feed(chunk) for chunk in _cut(chance, stream)])
        tap.end()
        if passed != stream:
            msg = "the tap changed what passed it"
            raise AssertionError(msg)

    return run


def _mask_of(dialect: Dialect) -> Target:
    """Mask a golden stream that was changed, and says a secret somewhere."""
    streams = list(_golden(dialect))
    secret = "sk-" + "a1B2" * 10

    def run(chance: random.Random) -> None:
        stream = _changed_bytes(chance, chance.choice(streams))
        place = chance.randrange(len(stream) + 1)
        most = chance.randint(1, 2 * len(stream))
        said = Said(EVENTS)
        for chunk in (stream[:place], f" {secret} ".encode(), stream[place:]):
            said.add(chunk, most + MARGIN)
        if secret in (mask_said(said, most).text or ""):
            msg = "a secret was not masked"
            raise AssertionError(msg)

    return run


def _problem(chance: random.Random) -> None:
    """Read an error, be it JSON or not."""
    error: JsonObject = {"error": {"message": "m", "type": "t", "code": "c"}}
    detail: JsonObject = {"detail": [{"msg": "m"}]}
    payload = _changed(chance, chance.choice([error, detail]))
    read_problem(500, _changed_bytes(chance, orjson.dumps(payload)))


def _crossing(
    client: Dialect, upstream: Dialect, payload: JsonObject | None = None
) -> Translation:
    return Translation(
        client,
        upstream,
        _PLAIN if payload is None else payload,
        model="m",
        maker="maker",
        name="n",
        created=1,
    )


def _collected(dialect: Dialect, stream: bytes) -> Answer | Problem | None:
    collection = _crossing(dialect, dialect).collect()
    collection.feed(stream)
    try:
        return collection.result()
    except CCProxyError:
        return None


def _golden(dialect: Dialect) -> Iterator[bytes]:
    name = dialect.value.partition("-")[2]
    for file in sorted(GOLDEN.glob(f"{name}-*.sse")):
        yield file.read_bytes()


def _cut(chance: random.Random, stream: bytes) -> Iterator[bytes]:
    begin = 0
    while begin < len(stream):
        size = chance.randint(1, 400)
        yield stream[begin : begin + size]
        begin += size


def _changed_bytes(chance: random.Random, data: bytes) -> bytes:
    """Change a JSON value in a line, or some bytes."""
    lines = data.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        head, colon, rest = lines[place].partition(b"data: ")
        if colon and chance.random() < 0.8:
            try:
                changed = _changed(chance, orjson.loads(rest))
                lines[place] = head + colon + orjson.dumps(changed)
            except orjson.JSONDecodeError:  # changed before, and no JSON any more
                lines[place] = head + colon
        elif chance.random() < 0.5 and len(lines) > 1:
            del lines[place]
        else:
            raw = bytearray(lines[place])
            if raw:
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            lines[place] = bytes(raw)
    return b"\n".join(lines)


def _changed(chance: random.Random, value: Json) -> Json:
    """Put something odd in place of one of the values, or take one away."""
    if chance.random() < 0.15:
        return chance.choice(_ODD)
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        changed = dict(value)
        if chance.random() < 0.15:
            del changed[key]
        else:
            changed[key] = _changed(chance, value[key])
        return changed
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        rest = [*value]
        rest[place] = _changed(chance, value[place])
        return rest * chance.choice([1, 1, 2])
    return chance.choice(_ODD)


if __name__ == "__main__":
    sys.exit(main())
