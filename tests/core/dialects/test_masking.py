"""What was said is masked before it is kept: whole, in pieces, and where it is cut."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from time import process_time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.dialects.masking import mask_said
from ccproxy.dialects.sse import EventSplitter, parse_event, render_event
from ccproxy.models.captured import EVENTS, MARGIN, Body, Said
from ccproxy.security.sanitizer import mask_token
from fakes.secrets import Planted, a_hundred

pytestmark = pytest.mark.unit

Stream = Callable[[Sequence[str]], Iterator[bytes]]

KEY = "sk-ant-api03-" + "a1B2" * 12
MOST = 64 * 1024
CANARIES = a_hundred(seed=7)


def masked(data: bytes, media_type: str = "application/json", most: int = MOST) -> Body:
    said = Said(media_type=media_type)
    said.add(data, most + MARGIN)
    return mask_said(said, most)


def text_of(body: Body) -> str:
    assert body.text is not None
    return body.text


def pieces(text: str, size: int = 3) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def chat(texts: Sequence[str]) -> Iterator[bytes]:
    for text in texts:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        yield render_event(orjson.dumps({"id": "c", "choices": [choice]}))
    yield b"data: [DONE]\n\n"


def messages(texts: Sequence[str]) -> Iterator[bytes]:
    for text in texts:
        delta = {"type": "text_delta", "text": text}
        event = {"type": "content_block_delta", "index": 1, "delta": delta}
        yield render_event(orjson.dumps(event), "content_block_delta")


def arguments(texts: Sequence[str]) -> Iterator[bytes]:
    name = "response.function_call_arguments.delta"
    for text in texts:
        event = {"type": name, "item_id": "i", "output_index": 2, "delta": text}
        yield render_event(orjson.dumps(event), name)


STREAMS = [chat, messages, arguments]


def told(stream: str) -> str:
    """What a client would put together of a stream."""
    texts = []
    for event in EventSplitter().feed(stream.encode()):
        data = parse_event(event).data
        payload = orjson.loads(data) if data.startswith(b"{") else {}
        for choice in payload.get("choices", [payload]):
            delta = choice.get("delta", "")
            text = delta if isinstance(delta, str) else delta.get("content")
            texts.append(delta["text"] if text is None else text)
    return "".join(texts)


def leaks(text: str, planted: Sequence[Planted]) -> list[str]:
    return [each.kind for each in planted for part in each.parts if part in text]


def test_json_is_masked_by_name_and_shape_and_keeps_its_structure() -> None:
    said = {"messages": [{"content": f"use {KEY}"}], "metadata": {"password": "x1y2"}}
    body = masked(orjson.dumps(said))
    assert orjson.loads(text_of(body)) == {
        "messages": [{"content": f"use {mask_token(KEY)}"}],
        "metadata": {"password": "***"},
    }
    assert not body.truncated


def test_what_holds_no_secret_stays_byte_for_byte() -> None:
    for data in (b'{"a" : 1}', b"", "größer\n".encode()):
        assert text_of(masked(data)) == data.decode()
    stream = b": hello\n\nid: 7\r\nevent: x\r\ndata:{}\n\ndata: [DONE]\n\n"
    assert text_of(masked(stream, EVENTS)) == stream.decode()


def test_what_is_compressed_is_not_shown() -> None:
    said = Said(media_type="application/json", encoding="gzip")
    said.add(KEY.encode(), MOST)
    body = mask_said(said, MOST)
    assert (body.text, body.size, body.truncated) == (None, len(KEY), False)


def test_half_a_character_stops_nobody() -> None:
    data = b'{"a": "\\ud800", "b": "' + KEY.encode() + b'"}\xff'
    assert KEY not in text_of(masked(data))
    assert text_of(masked(data[:-1])).startswith('{"a":"?"')


@pytest.mark.parametrize("stream", STREAMS)
def test_a_secret_that_comes_in_pieces_is_told_masked_and_once(stream: Stream) -> None:
    whole = f"The key is {KEY}, keep it."
    body = masked(b"".join(stream(pieces(whole))), EVENTS)
    assert told(text_of(body)) == f"The key is {mask_token(KEY)}, keep it."
    assert len(EventSplitter().feed(text_of(body).encode())) == len(
        EventSplitter().feed(b"".join(stream(pieces(whole))))
    )


def test_texts_that_come_at_the_same_time_are_not_mixed() -> None:
    def choice(index: int, text: str) -> dict[str, object]:
        return {"index": index, "delta": {"content": text}}

    halves = [(0, KEY[:20]), (1, "first, "), (0, KEY[20:]), (1, "second")]
    stream = b"".join(
        render_event(orjson.dumps({"choices": [choice(*half)]})) for half in halves
    )
    text = text_of(masked(stream, EVENTS))
    assert told(text) == f"{mask_token(KEY)}first, second"


def test_fields_of_an_event_beside_its_data_are_masked_too() -> None:
    stream = f": {KEY}\nevent: {KEY}\ndata: {KEY}\n\n: {KEY}\n\n".encode()
    mark = mask_token(KEY)
    assert text_of(masked(stream, EVENTS)) == (
        f": {mark}\nevent: {mark}\ndata: {mark}\n\n: {mark}\n\n"
    )


def test_a_stream_is_one_whatever_its_head_calls_it() -> None:
    stream = b"".join(chat(pieces(KEY)))
    assert told(text_of(masked(stream, "text/plain"))) == mask_token(KEY)


def test_a_long_body_is_cut_and_says_so() -> None:
    body = masked(b"a" * (MOST + 1))
    assert (text_of(body), body.size, body.truncated) == ("a" * MOST, MOST + 1, True)
    assert text_of(masked(b"a" * (9 * MOST))) == "a" * MOST


def test_a_long_stream_is_cut_between_two_events() -> None:
    stream = b"".join(chat(["word "] * 3000))
    body = masked(stream, EVENTS)
    assert body.truncated
    assert stream.decode().startswith(text_of(body))
    assert text_of(body).endswith("\n\n")
    assert MOST - 200 < len(text_of(body)) <= MOST


@given(st.integers(0, 400), st.sampled_from(CANARIES))
def test_a_cut_through_a_secret_shows_no_part_of_it(at: int, canary: Planted) -> None:
    """Neither where what is kept ends, nor where what is taken ends."""
    parts = [part[: max(6, len(part) // 2)] for part in canary.parts]
    for end in (MOST, MOST + MARGIN):
        text = "." * (end - at) + f" {canary.text} and " + "." * MARGIN
        shown = text_of(masked(text.encode(), "text/plain"))
        assert [part for part in parts if part in shown] == []


@pytest.mark.parametrize("stream", STREAMS)
def test_a_cut_through_the_pieces_of_a_secret_shows_no_part_of_it(
    stream: Stream,
) -> None:
    random = Random(3)
    for canary in CANARIES[:: len(CANARIES) // 25]:
        texts = ["."] * random.randint(1, 40) + pieces(f" {canary.text} ", 4)
        before = f" {KEY} " + "." * (MOST - 3000)
        data = b"".join(stream([*pieces(before, 2000), *texts * 60, "." * MARGIN]))
        shown = text_of(masked(data, EVENTS))
        assert leaks(shown, [canary]) == []
        assert leaks(told(shown), [canary]) == []
        assert mask_token(KEY) in told(shown)


def test_masking_takes_time_in_proportion_to_what_was_said() -> None:
    """One event, as many as there can be, and one that is never ended."""

    def seconds(data: bytes) -> float:
        began = process_time()
        masked(data, EVENTS, most=len(data))
        return process_time() - began

    shapes: list[Callable[[int], bytes]] = [
        lambda size: b"".join(chat(pieces("token " * size))),
        lambda size: b"data: x\n\n" * size,
        lambda size: b"data: [[[[" + b'{"delta":' * size,
    ]
    for make in shapes:
        small, large = (min(seconds(make(n)) for _ in range(3)) for n in (1000, 8000))
        assert large < 20 * small + 0.05
