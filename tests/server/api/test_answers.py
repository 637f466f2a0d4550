"""Answers that no upstream keeps are kept here, for those who got them."""

from collections.abc import AsyncIterator

import openai
import orjson
import pytest

from ccproxy.api.answers import Answers
from ccproxy.errors import PreviousAnswerError
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.sdk import Json, JsonObject, Message
from ccproxy.testing import RunningGateway, gateway
from fakes.vendor import WORDS, Vendor

ASK: JsonObject = {"type": "message", "role": "user", "content": "How many?"}
SAID: JsonObject = {"type": "message", "role": "assistant", "content": []}


async def answered(
    answers: Answers,
    payload: JsonObject,
    *,
    answer: str = "r1",
    caller: str = "me",
    size: int = 100,
) -> None:
    """Let an answer in one piece pass."""

    async def send(message: Message) -> None:
        pass

    watched = answers.watch(caller, payload, size, send)
    headers = [(b"content-type", b"application/json")]
    await watched({"type": "http.response.start", "status": 200, "headers": headers})
    body = orjson.dumps({"id": answer, "status": "completed", "output": [SAID]})
    await watched({"type": "http.response.body", "body": body[:9], "more_body": True})
    await watched({"type": "http.response.body", "body": body[9:]})


def following(answer: str, **more: Json) -> JsonObject:
    return {"model": "m", "previous_response_id": answer, "input": "And now?", **more}


@pytest.mark.unit
async def test_a_request_gets_what_its_previous_answer_followed() -> None:
    answers = Answers()
    await answered(answers, {"input": [ASK]})
    expanded = answers.expand("me", following("r1", store=False))
    now: JsonObject = {"type": "message", "role": "user", "content": "And now?"}
    assert expanded == {"model": "m", "input": [ASK, SAID, now], "store": False}


@pytest.mark.unit
async def test_a_request_that_follows_nothing_stays_as_it_is() -> None:
    payload: JsonObject = {"input": [ASK]}
    assert Answers().expand("me", payload) is payload


@pytest.mark.unit
async def test_an_answer_is_known_to_its_caller_alone() -> None:
    answers = Answers()
    await answered(answers, {"input": [ASK]})
    with pytest.raises(PreviousAnswerError, match="'r1' is not kept"):
        answers.expand("you", following("r1"))


@pytest.mark.unit
async def test_what_is_not_to_be_stored_is_not() -> None:
    answers = Answers()
    await answered(answers, {"input": [ASK], "store": False})
    with pytest.raises(PreviousAnswerError):
        answers.expand("me", following("r1"))


@pytest.mark.unit
async def test_the_oldest_make_room_and_those_in_use_stay() -> None:
    answers = Answers(most=1000)
    for answer in ("r1", "r2", "r3"):
        await answered(answers, {"input": [ASK]}, answer=answer, size=200)
    answers.expand("me", following("r1"))
    await answered(answers, {"input": [ASK]}, answer="r4", size=200)
    assert answers.expand("me", following("r1"))
    assert answers.expand("me", following("r4"))
    with pytest.raises(PreviousAnswerError):
        answers.expand("me", following("r2"))


@pytest.mark.unit
async def test_an_answer_larger_than_all_room_is_not_kept() -> None:
    answers = Answers(most=1000)
    await answered(answers, {"input": [ASK]}, size=2000)
    with pytest.raises(PreviousAnswerError):
        answers.expand("me", following("r1"))


@pytest.fixture
async def chat_only(fake: Vendor) -> AsyncIterator[RunningGateway]:
    """A gateway whose one provider keeps no answers: it speaks Chat alone."""
    section = {
        "base_url": f"{fake.url}/v1",
        "api_key": fake.key,
        "endpoints": ["chat/completions"],
    }
    async with gateway(
        OpenAIPlugin, settings={"plugins": {"openai": section}}
    ) as running:
        yield running


@pytest.mark.integration
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_goes_on_from_an_answer_by_its_id(
    chat_only: RunningGateway, fake: Vendor, *, stream: bool
) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{chat_only.url}/v1", api_key="any", max_retries=0
    ) as client:
        previous = None
        for question in ("one", "two"):
            if stream:
                async with client.responses.stream(
                    model="m",
                    input=question,
                    previous_response_id=previous or openai.omit,
                ) as events:
                    previous = (await events.get_final_response()).id
            else:
                answer = await client.responses.create(
                    model="m",
                    input=question,
                    previous_response_id=previous or openai.omit,
                )
                previous = answer.id
    messages = fake.last.json["messages"]
    assert isinstance(messages, list)
    assert [(each["role"], each["content"]) for each in messages] == [
        ("user", "one"),
        ("assistant", "".join(WORDS)),
        ("user", "two"),
    ]


@pytest.mark.integration
async def test_an_answer_that_is_not_kept_is_an_error_with_its_code(
    chat_only: RunningGateway, fake: Vendor
) -> None:
    answer = await chat_only.client.post("/v1/responses", json=following("r9"))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "previous_response_not_found"
    assert fake.seen == []
