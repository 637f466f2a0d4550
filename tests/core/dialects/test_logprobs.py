"""How likely each token was goes from one of OpenAI's dialects to the other."""

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer
from ccproxy.dialects.conversation import Text
from ccproxy.dialects.spoken import SPEAKERS
from core.dialects.streams import GOLDEN, collect, dialect_of, translate, translation

pytestmark = pytest.mark.unit

NAMES = ("chat-logprobs", "responses-logprobs")
OTHER = {Dialect.CHAT: Dialect.RESPONSES, Dialect.RESPONSES: Dialect.CHAT}


def told(dialect: Dialect, stream: bytes) -> Text:
    (block,) = collect(dialect, [stream]).blocks
    assert isinstance(block, Text)
    return block


@pytest.mark.parametrize("name", NAMES)
def test_each_token_of_a_stream_keeps_its_likelihood(name: str) -> None:
    upstream = dialect_of(name)
    client = OTHER[upstream]
    before = told(upstream, GOLDEN[name])
    after = told(client, translate(name, client))
    assert len(before.logprobs) == 6
    assert after.logprobs == before.logprobs
    assert "".join(str(each["token"]) for each in after.logprobs) == after.text


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_answer_keeps_them_too(name: str) -> None:
    """And so does an answer that is gathered from a stream."""
    upstream = dialect_of(name)
    client = OTHER[upstream]
    asked = translation(client, upstream, stream=False)
    collection = asked.collect()
    collection.feed(GOLDEN[name])
    answer = collection.result()
    assert isinstance(answer, Answer)
    written = asked.render(answer)
    expected = told(upstream, GOLDEN[name]).logprobs
    assert told_whole(client, written) == expected
    read = SPEAKERS[client].parse_answer(orjson.loads(written), "maker")
    assert isinstance(read, Answer)
    assert read.blocks == answer.blocks
    assert told(client, asked.replay(answer)).logprobs == expected


def test_the_bytes_of_a_token_are_told_where_an_event_left_them_out() -> None:
    first, *_ = told(Dialect.RESPONSES, GOLDEN["responses-logprobs"]).logprobs
    assert (first["token"], first["bytes"]) == ("He", [72, 101])


def told_whole(dialect: Dialect, body: bytes) -> tuple[object, ...]:
    payload = orjson.loads(body)
    if dialect is Dialect.CHAT:
        return tuple(payload["choices"][0]["logprobs"]["content"])
    return tuple(payload["output"][0]["content"][0]["logprobs"])
