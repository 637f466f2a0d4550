"""A request goes to the next target before its client has heard anything."""

from collections.abc import AsyncIterator, Mapping

import orjson
import pytest

from ccproxy.hooks.events import RequestCompleted, RequestFailed
from ccproxy.testing import RunningGateway
from fakes.vendor import KEY, Vendor, overload, pieces, vendor, whole
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

USER: list[object] = [{"role": "user", "content": "hi"}]
CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
RESPONSES = "/v1/responses"
ASKS: dict[str, dict[str, object]] = {
    CHAT: {"messages": USER},
    MESSAGES: {"messages": USER, "max_tokens": 9},
    RESPONSES: {"input": "hi"},
}


@pytest.fixture
async def second() -> AsyncIterator[Vendor]:
    """The vendor that is asked in the other's place."""
    async with vendor() as running:
        yield running


def ask(path: str, model: str, **more: object) -> dict[str, object]:
    return {"model": model, **ASKS[path], **more}


def routed(second: Vendor, *to: str, **routing: object) -> Mapping[str, object]:
    """Settings in which the model ``m`` goes to these, in order."""
    instances = {
        "other": {"base_url": f"{second.url}/v1", "api_key": KEY},
        "down": {"base_url": "http://127.0.0.1:9/v1", "api_key": KEY},
        "nokey": {"base_url": "https://api.openai.com/v1"},
        "wrong": {"base_url": f"{second.url}/v1", "api_key": "sk-wrong"},
    }
    return {
        "plugins": {"openai": {"instances": instances}},
        "routing": {"routes": [{"match": "m*", "to": list(to)}], **routing},
    }


@pytest.mark.parametrize(
    ("first", "why", "stream"),
    [
        (first, why, stream)
        for stream in (False, True)
        for first, why in {
            "down/x": "could not be reached",
            "openai/gone": "broke off",
            "openai/busy": "answered 429",
            "openai/500": "answered 500",
            "openai/html": "answered 502",
            "openai/529": "answered 529",
            "openai/403": "answered 403",
            "openai/402": "answered 402",
            "wrong/x": "answered 401",
        }.items()
    ],
)
async def test_what_another_may_do_better_goes_to_the_next(
    first: str,
    why: str,
    *,
    stream: bool,
    start: Start,
    second: Vendor,
    witness: Witness,
) -> None:
    running = await start(routed(second, first, "other/good"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m", stream=stream))
    expected = b"".join(pieces(CHAT, "m")) if stream else orjson.dumps(whole(CHAT, "m"))
    assert (answer.status_code, answer.content) == (200, expected)
    assert answer.headers["x-ccproxy-provider"] == "other"
    assert answer.headers["x-ccproxy-notes"] == (
        f"Asked other/good, since {first} {why}."
    )
    (ended,) = witness.ended
    assert ended.fallbacks == (first,)
    assert ended.model_served == "good"  # though the client was told of its "m"
    assert (ended.provider, ended.model, ended.model_requested) == (
        "other",
        "good",
        "m",
    )


@pytest.mark.parametrize("path", list(ASKS))
async def test_an_overload_told_before_any_content_goes_to_the_next(
    path: str, start: Start, second: Vendor
) -> None:
    first = "anthropic/full" if path == MESSAGES else "openai/full"
    running = await start(routed(second, first, "other/good"))
    body = ask(path, "m", stream=True)
    answer = await running.client.post(path, json=body)
    assert answer.status_code == 200
    assert b"overloaded" not in answer.content
    assert answer.headers["x-ccproxy-provider"] == "other"


@pytest.mark.parametrize("first", ["openai/400", "openai/404", "openai/422"])
async def test_what_another_would_refuse_too_is_told_at_once(
    first: str, start: Start, second: Vendor
) -> None:
    running = await start(routed(second, first, "other/good"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m"))
    assert answer.status_code == int(first.rpartition("/")[2])
    assert second.seen == []


@pytest.mark.parametrize("model", ["die", "failed"])
async def test_once_content_has_come_nobody_else_is_asked(
    model: str, start: Start, second: Vendor, witness: Witness
) -> None:
    running = await start(routed(second, f"openai/{model}", "other/good"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m", stream=True))
    assert b"One" in answer.content
    assert b"error" in answer.content
    assert second.seen == []
    (ended,) = witness.ended
    assert ended.fallbacks == ()


async def test_the_last_target_streams_an_overload_as_it_came(
    start: Start, second: Vendor
) -> None:
    running = await start(routed(second, "down/x", "other/full"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m", stream=True))
    assert answer.content == overload(CHAT)


async def test_a_fallback_may_speak_another_dialect(
    start: Start, second: Vendor, fake: Vendor, witness: Witness
) -> None:
    running = await start(routed(second, "other/503", "anthropic/claude"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m"))
    assert answer.json()["choices"][0]["message"]["content"] == "One two three."
    assert answer.json()["model"] == "m"
    assert fake.last.path == MESSAGES
    assert fake.last.json["model"] == "claude"
    (ended,) = witness.ended
    assert ended.dialect_out == "anthropic-messages"


async def told(
    running: RunningGateway, path: str = CHAT, **more: object
) -> tuple[int, str, str | None]:
    answer = await running.client.post(path, json=ask(path, "m", **more))
    provider = answer.headers.get("x-ccproxy-provider", "")
    return answer.status_code, provider, answer.headers.get("retry-after")


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (["openai/503", "down/x"], (503, "openai", None)),
        (["openai/busy", "other/500"], (500, "other", "7")),
        (["openai/busy", "wrong/x"], (429, "openai", "7")),
        (["nokey/x", "down/x"], (502, "", None)),
        (["down/x", "nokey/x"], (502, "", None)),
        (["wrong/x", "down/x"], (401, "wrong", None)),
    ],
)
async def test_when_all_fail_the_most_telling_answer_is_told(
    *,
    to: list[str],
    expected: tuple[int, str, str | None],
    start: Start,
    second: Vendor,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    running = await start(routed(second, *to))
    assert await told(running) == expected
    (ended,) = witness.ended
    assert len(ended.fallbacks) == 1
    answered = expected[1] != ""
    assert isinstance(ended, RequestCompleted if answered else RequestFailed)


async def test_a_refusal_told_at_last_is_translated_for_the_caller(
    start: Start, second: Vendor
) -> None:
    running = await start(routed(second, "anthropic/529", "down/x"))
    answer = await running.client.post(CHAT, json=ask(CHAT, "m"))
    assert answer.status_code == 529
    assert answer.headers["x-ccproxy-provider"] == "anthropic"
    assert answer.json()["error"]["message"] == "not now"


async def test_connections_of_refused_attempts_serve_again(
    start: Start, second: Vendor, fake: Vendor
) -> None:
    for first in ("503", "full"):
        settings = routed(second, f"openai/{first}", "other/good", circuit_failures=0)
        running = await start(settings)
        fake.seen.clear()
        second.seen.clear()
        for _ in range(5):
            body = ask(CHAT, "m", stream=True)
            answer = await running.client.post(CHAT, json=body)
            assert answer.status_code == 200
        assert (len(fake.seen), fake.connections) == (5, 1)
        assert (len(second.seen), second.connections) == (5, 1)


async def test_a_model_that_fails_is_passed_over(
    start: Start, second: Vendor, fake: Vendor
) -> None:
    settings = routed(second, "openai/500", "other/good", circuit_failures=2)
    running = await start(settings)
    for _ in range(4):
        assert await told(running) == (200, "other", None)
    assert len(fake.seen) == 2


async def test_a_limit_passes_a_model_over_for_as_long_as_it_says(
    start: Start, second: Vendor, fake: Vendor
) -> None:
    running = await start(routed(second, "openai/busy", "other/good"))
    for _ in range(3):
        assert await told(running) == (200, "other", None)
    assert len(fake.seen) == 1


async def test_when_all_are_passed_over_nobody_is_asked(
    start: Start, second: Vendor, fake: Vendor
) -> None:
    running = await start(routed(second, "openai/busy", "other/busy"))
    assert (await told(running))[0] == 429
    status, _, wait = await told(running)
    assert (status, wait) == (503, "7")
    assert (len(fake.seen), len(second.seen)) == (1, 1)


async def test_the_only_target_is_asked_whatever_is_known_of_it(
    start: Start, second: Vendor, fake: Vendor
) -> None:
    running = await start(routed(second, "openai/busy", circuit_failures=1))
    for _ in range(3):
        assert (await told(running))[:2] == (429, "openai")
    assert len(fake.seen) == 3
