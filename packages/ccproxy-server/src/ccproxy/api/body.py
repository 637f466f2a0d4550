"""Reads request bodies: compressed or not, never more than allowed."""

import asyncio
import zlib
from collections.abc import Callable
from typing import TypeAlias

import brotli
import zstandard

from ccproxy.errors import (
    BadRequestError,
    BodyTooLargeError,
    UnsupportedEncodingError,
)
from ccproxy.sdk import Receive

Decode: TypeAlias = Callable[[bytes, int], bytes]

_MEMBERS = 64
"""How many gzip members one body may have; each costs a copy of the rest."""

_CODINGS = 3
"""How many encodings may lie upon each other."""


class ClientLeftError(Exception):
    """The client went away before its request was read."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], cap: int) -> bytes:
    """Read and decode a request body.

    Args:
        receive: ASGI's.
        headers: The request's.
        cap: Bytes the body may have, decoded.

    Raises:
        BodyTooLargeError: It has more.
        UnsupportedEncodingError: Its encoding is not known.
        BadRequestError: It can't be decoded.
        ClientLeftError: It never came whole.
    """
    body = await _receive_all(receive, cap)
    encoding = headers.get(b"content-encoding")
    if not encoding:
        return body
    names = encoding.decode("latin-1").lower().split(",")
    if len(names) > _CODINGS:
        msg = f"The body is encoded {len(names)} times over."
        raise UnsupportedEncodingError(msg, hint="Encode it once.")
    for name in reversed(names):
        # In a thread, for a body of a hundred bytes can hold a bomb.
        body = await asyncio.to_thread(_decoder(name.strip()), body, cap)
    return body


async def _receive_all(receive: Receive, cap: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        piece = message.get("body", b"")
        size += len(piece)
        if size > cap:
            raise _too_large(cap)
        if not message.get("more_body"):
            if not pieces:
                return bytes(piece)
            pieces.append(piece)
            return b"".join(pieces)
        pieces.append(piece)


def _decoder(name: str) -> Decode:
    try:
        return _DECODERS[name]
    except KeyError:
        msg = f"The content-encoding {name[:40]!r} is not supported."
        known = ", ".join(sorted(set(_DECODERS) - {"identity", "x-gzip"}))
        raise UnsupportedEncodingError(msg, hint=f"Use one of: {known}.") from None


def _identity(body: bytes, cap: int) -> bytes:
    del cap
    return body


def _gzip(body: bytes, cap: int) -> bytes:
    return _inflate(body, cap, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, cap: int) -> bytes:
    """Decode zlib's format, or the raw one that some clients send by this name."""
    try:
        return _inflate(body, cap, zlib.MAX_WBITS)
    except BadRequestError:
        return _inflate(body, cap, -zlib.MAX_WBITS)


def _inflate(body: bytes, cap: int, window: int) -> bytes:
    if not body:
        return b""
    pieces = []
    left = cap
    for _ in range(_MEMBERS):
        decoder = zlib.decompressobj(window)
        try:
            piece = decoder.decompress(body, left + 1)
        except zlib.error as error:
            raise _broken(error) from error
        left -= len(piece)
        if left < 0:
            raise _too_large(cap)
        if not decoder.eof:
            raise _broken(EOFError("it ends too early"))
        pieces.append(piece)
        body = decoder.unused_data  # gzip allows several members in a row
        if not body:
            return b"".join(pieces)
    raise _broken(ValueError(f"it has more than {_MEMBERS} parts"))


def _zstd(body: bytes, cap: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor().stream_reader(
            body, read_across_frames=True
        ) as reader:
            decoded = bytes(reader.read(cap + 1))
    except zstandard.ZstdError as error:
        raise _broken(error) from error
    if len(decoded) > cap:
        raise _too_large(cap)
    return decoded


def _brotli(body: bytes, cap: int) -> bytes:
    decoder = brotli.Decompressor()
    pieces = []
    size = 0
    try:
        piece = decoder.process(body, output_buffer_limit=cap + 1)
        while piece or not decoder.can_accept_more_data():
            size += len(piece)
            if size > cap:
                raise _too_large(cap)
            pieces.append(piece)
            piece = decoder.process(b"", output_buffer_limit=cap + 1)
    except brotli.error as error:
        raise _broken(error) from error
    if not decoder.is_finished():
        raise _broken(EOFError("it ends too early"))
    return b"".join(pieces)


_DECODERS: dict[str, Decode] = {
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}


def _too_large(cap: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The request body is larger than {cap} bytes.",
        hint="server.max_body_bytes allows more.",
    )


def _broken(error: Exception) -> BadRequestError:
    return BadRequestError(f"The request body can't be decoded: {error}.")
