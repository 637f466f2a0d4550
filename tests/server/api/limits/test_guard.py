"""The guard: a warning first, then a refusal that says why and is not asked again."""

import anthropic
import httpx
import openai
import pytest
from structlog.testing import capture_logs

from ccproxy.hooks.events import Failure, RequestFailed
from ccproxy.sdk import Contributions, JsonObject, Manifest, Plugin, PluginConfig
from ccproxy.sdk.events import Event, GuardTripped, Runaway
from ccproxy.testing import RunningGateway
from fakes.vendor import Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

PRICED = {"prices": {"models": [{"match": "m*", "input": 10_000, "output": 10_000}]}}
"""A token costs a cent; an answer seven."""


def guard(**settings: object) -> dict[str, object]:
    return {"guard": {"enabled": True, **settings}}


def messages(times: int) -> list[JsonObject]:
    """A conversation in which a tool was called so often, in vain."""
    said: list[JsonObject] = [{"role": "user", "content": "Mend it."}]
    for number in range(times):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Bash"}
        use |= {"input": {"command": "make"}}  # type: ignore[dict-item]  # any JSON
        found = {"type": "tool_result", "tool_use_id": f"t{number}"}
        said.append({"role": "assistant", "content": [{**use}]})
        said.append({"role": "user", "content": [{**found, "content": "Error 2"}]})
    return said


def chat(times: int) -> JsonObject:
    """The same as Chat says it."""
    said: list[JsonObject] = [{"role": "user", "content": "Mend it."}]
    for number in range(times):
        call: JsonObject = {"id": f"t{number}", "type": "function"}
        call["function"] = {"name": "Bash", "arguments": "make"}
        said.append({"role": "assistant", "tool_calls": [call]})
        found: JsonObject = {"role": "tool", "tool_call_id": f"t{number}"}
        said.append({**found, "content": "Error 2"})
    return {"messages": [*said]}


def responses(times: int) -> JsonObject:
    """The same as Responses says it."""
    said: list[JsonObject] = [{"role": "user", "content": "Mend it."}]
    for number in range(times):
        call: JsonObject = {"type": "function_call", "call_id": f"t{number}"}
        said.append({**call, "name": "Bash", "arguments": "make"})
        found: JsonObject = {"type": "function_call_output", "call_id": f"t{number}"}
        said.append({**found, "output": "Error 2"})
    return {"input": [*said]}


async def ask(
    running: RunningGateway, times: int = 0, session: str = "s", model: str = "m"
) -> httpx.Response:
    body = {"model": f"anthropic/{model}", "max_tokens": 5, "messages": messages(times)}
    return await running.client.post(
        "/v1/messages", json=body, headers={"x-claude-code-session-id": session}
    )


async def test_a_call_in_vain_is_warned_of_and_then_refused(
    start: Start, fake: Vendor, witness: Witness
) -> None:
    tripped: list[Event] = []

    class Watcher(Plugin[PluginConfig]):
        manifest = Manifest("watcher", "1")

        def setup(self, add: Contributions) -> None:
            add.hook(GuardTripped, tripped.append)

    running = await start(guard(repeats=4), Watcher)
    with capture_logs() as logs:
        answers = [await ask(running, times) for times in range(5)]
    assert [each.status_code for each in answers] == [200] * 4 + [429]
    warned = ["x-ccproxy-guard" in each.headers for each in answers]
    assert warned == [False, False, True, True, True]
    what = "The tool 'Bash' was called 4 times with the same result."
    assert answers[-1].headers["x-ccproxy-guard"] == what
    assert answers[-1].headers["x-should-retry"] == "false"
    error = answers[-1].json()["error"]
    assert error["type"] == "rate_limit_error"
    assert error["message"].startswith(what)
    assert "the limit is set by guard.repeats" in error["message"]
    assert len(fake.seen) == 4
    facts = [
        (each.session, each.reason, each.refused)
        for each in tripped
        if isinstance(each, GuardTripped)
    ]
    repeats = Runaway.REPEATS
    assert facts == [("s", repeats, False)] * 2 + [("s", repeats, True)]
    told = [each["refused"] for each in logs if each["event"] == "guard_tripped"]
    assert told == [False, False, True]
    assert "with the same result" in str(witness.ended[2].notes)
    ended = witness.ended[-1]
    assert isinstance(ended, RequestFailed)
    assert ended.failure is Failure.LIMITED


async def test_anthropics_sdk_does_not_ask_again(
    start: Start, witness: Witness
) -> None:
    running = await start(guard(repeats=2))
    async with anthropic.AsyncAnthropic(base_url=running.url, api_key="x") as client:
        with pytest.raises(anthropic.RateLimitError, match="with the same result"):
            await client.post(
                "/v1/messages",
                cast_to=httpx.Response,
                body={"model": "anthropic/m", "messages": messages(2)},
            )
    assert len(witness.ended) == 1


@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
async def test_openais_sdk_does_not_ask_again(
    start: Start, witness: Witness, path: str
) -> None:
    said = {"/chat/completions": chat(2), "/responses": responses(2)}[path]
    running = await start(guard(repeats=2))
    url = f"{running.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="x") as client:
        with pytest.raises(openai.RateLimitError, match="with the same result"):
            await client.post(
                path, cast_to=httpx.Response, body={"model": "openai/m", **said}
            )
    assert len(witness.ended) == 1


@pytest.mark.parametrize(
    ("settings", "reason", "words"),
    [
        ({"session_tokens": 30}, Runaway.TOKENS, "35 tokens of 30 tokens"),
        ({"session_cost": 0.3}, Runaway.COST, "0.35 US dollars of 0.30 US dollars"),
    ],
)
async def test_a_session_that_has_used_too_much_is_over(
    start: Start, settings: dict[str, object], reason: Runaway, words: str
) -> None:
    running = await start({**guard(**settings), **PRICED})
    answers = [await ask(running) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    warned = ["x-ccproxy-guard" in each.headers for each in answers]
    assert warned == [False] * 4 + [True] * 2
    assert f"This session has used {words}." in answers[-1].text
    assert f"guard.session_{reason.value}" in answers[-1].text
    assert (await ask(running, session="another")).status_code == 200


async def test_what_was_not_answered_uses_nothing_up(start: Start) -> None:
    running = await start(guard(session_tokens=1))
    for _ in range(3):
        assert (await ask(running, model="503")).status_code == 503


async def test_without_a_guard_nobody_is_watched(start: Start) -> None:
    running = await start()
    answer = await ask(running, 50)
    assert answer.status_code == 200
    assert "x-ccproxy-guard" not in answer.headers
