"""Request bodies: compressed or not, never more than allowed."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.api.body import read_body
from ccproxy.errors import (
    BadRequestError,
    BodyTooLargeError,
    UnsupportedEncodingError,
)
from ccproxy.sdk import Message
from ccproxy.testing import RunningGateway
from fakes.vendor import Vendor
from fakes.world import Start

pytestmark = pytest.mark.integration


def raw_deflate(body: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(body) + encoder.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}


async def read(body: bytes, encoding: str = "", cap: int = 10_000_000) -> bytes:
    messages: list[Message] = [
        {"type": "http.request", "body": body[: len(body) // 2], "more_body": True},
        {"type": "http.request", "body": body[len(body) // 2 :]},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    headers = {b"content-encoding": encoding.encode()} if encoding else {}
    return await read_body(receive, headers, cap)


@given(st.binary(max_size=2000), st.sampled_from(sorted(ENCODERS)))
async def test_what_was_compressed_is_decoded(body: bytes, name: str) -> None:
    assert await read(ENCODERS[name](body), name) == body


async def test_raw_deflate_is_understood_too() -> None:
    assert await read(raw_deflate(b"x" * 100), "deflate") == b"x" * 100


async def test_gzip_in_several_members_is_one_body() -> None:
    assert await read(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"


async def test_encodings_upon_each_other_are_undone_in_reverse() -> None:
    body = brotli.compress(gzip.compress(b"hello"))
    assert await read(body, "gzip, br") == b"hello"


async def test_a_large_body_is_decoded_too() -> None:
    body = bytes(range(256)) * 8000
    assert await read(brotli.compress(body, quality=1), "br") == body


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", ""])
async def test_a_bomb_is_stopped_at_the_cap(name: str) -> None:
    body = b"0" * 5_000_000
    bomb = ENCODERS[name](body) if name else body
    with pytest.raises(BodyTooLargeError, match="larger than 1000 bytes"):
        await read(bomb, name, cap=1000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_a_body_at_the_cap_passes(name: str) -> None:
    assert len(await read(ENCODERS[name](b"0" * 1000), name, cap=1000)) == 1000


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
async def test_junk_is_a_clear_error_and_nothing_else(junk: bytes, name: str) -> None:
    assert isinstance(await outcome(junk, name), bytes | BadRequestError)


async def outcome(body: bytes, name: str) -> bytes | BadRequestError:
    """Read; what is not what it says is the one error it may be."""
    try:
        return await read(body, name)
    except BadRequestError as error:
        return error


async def test_an_unknown_encoding_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedEncodingError) as caught:
        await read(b"x", "lzma")
    assert str(caught.value) == (
        "The content-encoding 'lzma' is not supported. "
        "Use one of: br, deflate, gzip, zstd."
    )


async def test_many_empty_members_are_refused_before_they_cost() -> None:
    with pytest.raises(BadRequestError, match="more than 64 parts"):
        await read(gzip.compress(b"") * 50_000, "gzip")


async def test_encodings_piled_up_are_refused() -> None:
    with pytest.raises(UnsupportedEncodingError, match="encoded 4 times over"):
        await read(b"x", "gzip, gzip, gzip, gzip")


BODY: dict[str, object] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_the_upstream_gets_the_decoded_body_without_stale_headers(
    name: str, running: RunningGateway, fake: Vendor
) -> None:
    body = orjson.dumps(BODY)
    answer = await running.client.post(
        "/v1/chat/completions",
        content=ENCODERS[name](body),
        headers={"content-encoding": name, "content-type": "application/json"},
    )
    assert answer.status_code == 200
    assert fake.last.body == body
    assert fake.last.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/chat/completions", "openai"),
        ("/v1/responses", "openai"),
        ("/v1/messages", "anthropic"),
        ("/openai/v1/chat/completions", "openai"),
    ],
)
@pytest.mark.parametrize(
    ("content", "encoding", "status", "says"),
    [
        (b"{", "", 400, "not JSON"),
        (b"[]", "", 400, "not a JSON object"),
        (b"{}", "", 400, "names no model"),
        (b'{"model": 5}', "", 400, "names no model"),
        (b"junk", "gzip", 400, "can't be decoded"),
        (b"junk", "lzma", 415, "not supported"),
        (b" " * 2000, "", 413, "larger than 1000 bytes"),
    ],
)
async def test_mistakes_are_told_in_the_callers_dialect(
    *,
    path: str,
    kind: str,
    content: bytes,
    encoding: str,
    status: int,
    says: str,
    small: RunningGateway,
) -> None:
    headers = {"content-encoding": encoding} if encoding else {}
    answer = await small.client.post(path, content=content, headers=headers)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert says in error["message"]
    assert ("code" in error) == (kind == "openai")
    assert (answer.json().get("type") == "error") == (kind == "anthropic")


@pytest.fixture
async def small(start: Start) -> RunningGateway:
    return await start({"server": {"max_body_bytes": 1000}})
