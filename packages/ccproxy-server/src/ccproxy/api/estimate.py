"""Counts the tokens of a request for providers that don't: an estimate, and said to be.

A client asks in order to know how full the model's context is, so too many are better
than too few. OpenAI's vocabulary o200k counts well; it comes with the extra
``tokenizer`` of this wheel, for it takes 75 MB on the disk and as many in memory.
Without it, bytes are counted: English takes some 4.4 for a token and code 3.5, so 3 are
taken.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import orjson

from ccproxy.api.exchange import Exchange
from ccproxy.sdk import Json, JsonObject, Send

MARGIN = 1.25
"""What the tokenizer's count is multiplied with: other vendors' vocabularies may give
more tokens for the same text."""

BYTES = 3
IMAGE = 1600
"""Tokens of an image: the most that Anthropic counts for one.

Source: https://docs.claude.com/en/docs/build-with-claude/vision
"""

DOCUMENT_BYTES = 20
"""Base64 characters of a PDF for one token; a page is some 40 kB and 2,000 tokens."""

PIECE = 100_000
"""Characters to count at once; the tokenizer takes no text without end."""

_ASKED = ("system", "messages", "tools")


@dataclass(slots=True)
class _Found:
    words: list[str] = field(default_factory=list)
    images: int = 0
    document: int = 0


async def send_estimate(exchange: Exchange, payload: JsonObject, send: Send) -> None:
    """Answer a request to count tokens."""
    tokens, how = await asyncio.to_thread(estimate, payload)
    body = orjson.dumps({"input_tokens": tokens})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-ccproxy-estimated", how.encode()),
        (b"x-ccproxy-provider", (exchange.provider or "").encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def estimate(payload: JsonObject) -> tuple[int, str]:
    """Estimate the tokens of a Messages request.

    Returns:
        The tokens, and how they were counted.
    """
    found = _Found()
    for name in _ASKED:
        _gather(payload.get(name), found)
    text = "\n".join(found.words)
    count = _tokenizer()
    if count is None:
        tokens = math.ceil(len(text.encode("utf-8", "replace")) / BYTES)
        how = f"bytes/{BYTES}"
    else:
        tokens, how = math.ceil(count(text) * MARGIN), f"o200k*{MARGIN}"
    tokens += found.images * IMAGE + found.document // DOCUMENT_BYTES
    return max(1, tokens), how


def _gather(value: Json, found: _Found) -> None:
    """Walk through what the model will read, however deep it is."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            found.words.append(each)
        elif isinstance(each, list):
            rest += each
        elif isinstance(each, dict):
            kind = each.get("type")
            if kind == "image":
                found.images += 1
            elif kind == "base64":
                found.document += len(str(each.get("data")))
            else:
                found.words += each
                rest += each.values()


@cache
def _tokenizer() -> Callable[[str], int] | None:
    """Load the vocabulary, if it is installed; it takes over half a second."""
    try:
        from bpe_openai import get_encoding  # noqa: PLC0415  (it is large)
    except ImportError:
        return None
    encode = get_encoding("o200k_base").encode_ordinary

    def count(text: str) -> int:
        return sum(
            len(encode(text[start : start + PIECE]))
            for start in range(0, len(text), PIECE)
        )

    return count
