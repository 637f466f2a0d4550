"""Feeds odd input to whatever reads what others wrote: ``make fuzz``.

Each target takes bytes or JSON that were real and then changed somewhere. It may refuse
them with an error of the gateway's own; anything else that it raises is a fault, and
how to see it again is printed.
"""

import argparse
import asyncio
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import orjson

from ccproxy.api.callers import conversation_of
from ccproxy.api.estimate import estimate
from ccproxy.api.frames import Frames
from ccproxy.api.prelude import hold_prelude
from ccproxy.api.setback import wait_in_body
from ccproxy.api.turns import Turns
from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Problem
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.masking import mask_said
from ccproxy.dialects.meter import told_by
from ccproxy.dialects.problem import read_problem
from ccproxy.dialects.rename import Renaming, renamed
from ccproxy.dialects.repetition import repetition
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.tap import StreamTap
from ccproxy.errors import CCProxyError
from ccproxy.models.captured import EVENTS, MARGIN, Said
from fuzz_changes import changed, changed_bytes, cut
from fuzz_samples import FRAMES, PLAIN, REQUESTS

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/core/dialects/golden"
Target: TypeAlias = Callable[[random.Random], None]


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
        found[f"rename-{dialect}"] = _rename_of(dialect)
        found[f"mask-{dialect}"] = _mask_of(dialect)
        found[f"prelude-{dialect}"] = _prelude_of(dialect)
    found["problem"] = _problem
    found["socket"] = _socket()
    return found


def _stream_of(dialect: Dialect) -> Target:
    """Translate a golden stream that was changed, cut anywhere, into each dialect."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        stream = changed_bytes(chance, chance.choice(streams))
        for client in Dialect:
            crossing = _crossing(client, dialect).stream()
            for chunk in cut(chance, stream):
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
        body = orjson.dumps(changed(chance, chance.choice(wholes)))
        told_by(dialect, body)
        renamed(body, "other")
        for client in Dialect:
            crossing = _crossing(client, dialect)
            answer = crossing.read(body)
            if isinstance(answer, Answer):
                crossing.render(answer)
                crossing.replay(answer)

    return run


def _request_of(dialect: Dialect) -> Target:
    """Look at a request that was changed, and translate it into each other dialect."""

    def run(chance: random.Random) -> None:
        payload = changed(chance, REQUESTS[dialect])
        if not isinstance(payload, dict):
            return
        for upstream in Dialect:
            if upstream is not dialect:
                orjson.dumps(_crossing(dialect, upstream, payload).payload)
        SPEAKERS[dialect].without_seals(payload)
        repetition(dialect, payload)
        conversation_of({}, payload)
        estimate(payload)

    return run


def _tap_of(dialect: Dialect) -> Target:
    """Watch a golden stream that was changed; it passes as it came."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        stream = changed_bytes(chance, chance.choice(streams))
        tap = StreamTap(dialect)
        passed = b"".join([tap.feed(chunk) for chunk in cut(chance, stream)])
        tap.end()
        if passed != stream:
            msg = "the tap changed what passed it"
            raise AssertionError(msg)

    return run


def _rename_of(dialect: Dialect) -> Target:
    """Call the model otherwise in a golden stream that was changed."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        renaming = Renaming(dialect, "other")
        for chunk in cut(chance, changed_bytes(chance, chance.choice(streams))):
            renaming.feed(chunk)
        renaming.end()

    return run


def _mask_of(dialect: Dialect) -> Target:
    """Mask a golden stream that was changed, and says a secret somewhere."""
    streams = list(_golden(dialect))
    secret = "sk-" + "a1B2" * 10

    def run(chance: random.Random) -> None:
        stream = changed_bytes(chance, chance.choice(streams))
        place = chance.randrange(len(stream) + 1)
        most = chance.randint(1, 2 * len(stream) + 1)
        said = Said(EVENTS)
        for chunk in (stream[:place], f" {secret} ".encode(), stream[place:]):
            said.add(chunk, most + MARGIN)
        if secret in (mask_said(said, most).text or ""):
            msg = "a secret was not masked"
            raise AssertionError(msg)

    return run


class _Coming:
    """A stream whose chunks are at hand."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.status = 200
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self._chunks = chunks

    async def chunk(self) -> bytes:
        return next(self._chunks, b"")

    def close(self) -> None:
        """Nothing is open."""


def _prelude_of(dialect: Dialect) -> Target:
    """Look for a failure at the beginning of a golden stream that was changed."""
    streams = list(_golden(dialect))

    def run(chance: random.Random) -> None:
        stream = changed_bytes(chance, chance.choice(streams))
        asyncio.run(hold_prelude(_Coming(cut(chance, stream))))

    return run


def _socket() -> Target:
    """Read frames of a client that were changed, and answers that become frames."""
    streams = list(_golden(Dialect.RESPONSES))
    head = {"type": "http.response.start", "status": 200, "headers": []}

    def run(chance: random.Random) -> None:
        turns, frames = Turns(), Frames()
        frames.feed({**head, "status": chance.choice([200, 200, 502])})
        stream = changed_bytes(chance, chance.choice(streams))
        asked = changed(chance, chance.choice(FRAMES))
        if isinstance(asked, dict):
            begin = turns.warm if asked.get("generate") is False else turns.begin
            begin(asked)
        for chunk in [*cut(chance, stream), b""]:
            message = {"type": "http.response.body", "body": chunk}
            for frame in frames.feed({**message, "more_body": bool(chunk)}):
                turns.see(frame)

    return run


def _problem(chance: random.Random) -> None:
    """Read an error, be it JSON or not."""
    told: JsonObject = {"message": "m", "type": "t", "code": "c"}
    error: JsonObject = {"error": {**told, "resets_in_seconds": 9, "resets_at": 9}}
    detail: JsonObject = {"detail": [{"msg": "m"}]}
    payload = changed(chance, chance.choice([error, detail]))
    body = changed_bytes(chance, orjson.dumps(payload))
    read_problem(500, body)
    wait_in_body(body, 1e9)


def _crossing(
    client: Dialect, upstream: Dialect, payload: JsonObject | None = None
) -> Translation:
    return Translation(
        client,
        upstream,
        PLAIN if payload is None else payload,
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


if __name__ == "__main__":
    sys.exit(main())
