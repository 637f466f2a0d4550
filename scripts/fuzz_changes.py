"""How ``fuzz`` changes what was real: a value, some bytes, and where chunks end."""

import random
from collections.abc import Iterator

import orjson

from ccproxy.dialects.json import Json
from fuzz_samples import ODD


def cut(chance: random.Random, stream: bytes) -> Iterator[bytes]:
    """Cut a stream into chunks."""
    begin = 0
    while begin < len(stream):
        size = chance.randint(1, 400)
        yield stream[begin : begin + size]
        begin += size


def changed_bytes(chance: random.Random, data: bytes) -> bytes:
    """Change a JSON value in a line, or some bytes."""
    lines = data.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        head, colon, rest = lines[place].partition(b"data: ")
        if colon and chance.random() < 0.8:
            try:
                value = changed(chance, orjson.loads(rest))
                lines[place] = head + colon + orjson.dumps(value)
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


def changed(chance: random.Random, value: Json) -> Json:
    """Put something odd in place of one of the values, or take one away."""
    if chance.random() < 0.15:
        return chance.choice(ODD)
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        other = dict(value)
        if chance.random() < 0.15:
            del other[key]
        else:
            other[key] = changed(chance, value[key])
        return other
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        rest = [*value]
        rest[place] = changed(chance, value[place])
        return rest * chance.choice([1, 1, 2])
    return chance.choice(ODD)
