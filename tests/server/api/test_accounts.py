"""Several keys of a provider: who is asked with which, and what is told of it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from ccproxy.testing import RunningGateway
from fakes.vendor import KEY, Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

CHAT = "/v1/chat/completions"
Settings = Callable[..., Mapping[str, object]]


@pytest.fixture
def keys(fake: Vendor, tmp_path: Path) -> Settings:
    """Settings with a file for each key; the vendor takes the right ones."""
    fake.more_keys |= {"sk-home", "sk-work"}

    def settings(*names: str, **routing: object) -> Mapping[str, object]:
        for name in names:
            (tmp_path / f"{name}.key").write_text(f"sk-{name}\n")
        files = [str(tmp_path / f"{name}.key") for name in names]
        instance = {"base_url": f"{fake.url}/v1", "api_key_files": files}
        return {
            "plugins": {"openai": {"instances": {"many": instance}}},
            "routing": {"default_provider": "many", **routing},
        }

    return settings


async def ask(
    running: RunningGateway, conversation: str | None = None, model: str = "m"
) -> httpx.Response:
    headers = {} if conversation is None else {"session-id": conversation}
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    return await running.client.post(CHAT, json=body, headers=headers)


def used(fake: Vendor) -> list[str]:
    """The keys the vendor has seen, in order."""
    tokens = [seen.headers["authorization"] for seen in fake.seen]
    return [token.removeprefix("Bearer sk-") for token in tokens]


async def test_a_conversation_stays_with_its_key_and_others_take_the_rest(
    keys: Settings, start: Start, fake: Vendor, witness: Witness
) -> None:
    running = await start(keys("home", "work"))
    for conversation in ("a", "b", "a", "b", "a"):
        assert (await ask(running, conversation)).status_code == 200
    assert used(fake) == ["home", "work", "home", "work", "home"]
    assert [each.account for each in witness.ended] == used(fake)


async def test_a_limited_key_rests_until_its_limit_begins_anew(
    keys: Settings, start: Start, fake: Vendor, witness: Witness
) -> None:
    running = await start(keys("home", "work"))
    await ask(running, "a")
    fake.limited.add("sk-home")
    for _ in range(3):
        assert (await ask(running, "a")).status_code == 200
    assert used(fake) == ["home", "home", "work", "work", "work"]
    moved = witness.ended[1]
    assert (moved.account, moved.fallbacks) == ("work", ("many/m (home)",))
    assert moved.notes == ("Asked many/m (work), since many/m (home) answered 429.",)


async def test_a_refused_key_is_renewed_from_its_file_or_else_passed_over(
    keys: Settings, start: Start, fake: Vendor, tmp_path: Path
) -> None:
    running = await start(keys("old", "work"))
    (tmp_path / "old.key").write_text(KEY)
    assert (await ask(running)).status_code == 200
    assert used(fake) == ["old", KEY.removeprefix("sk-")]
    fake.key = "sk-changed"
    for _ in range(2):
        assert (await ask(running)).status_code == 200
    assert used(fake)[2:] == [KEY.removeprefix("sk-"), "work", "work"]


async def test_when_all_keys_are_limited_the_caller_hears_for_how_long(
    keys: Settings, start: Start, fake: Vendor
) -> None:
    fake.limited |= {"sk-home", "sk-work"}
    running = await start(keys("home", "work"))
    limited = await ask(running)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "600")
    resting = await ask(running)
    assert (resting.status_code, resting.headers["retry-after"]) == (503, "600")
    assert used(fake) == ["home", "work"]
    assert "All that could answer" in resting.json()["error"]["message"]


async def test_a_fault_of_the_provider_is_not_tried_again_with_each_key(
    keys: Settings, start: Start, fake: Vendor
) -> None:
    running = await start(keys("home", "work"))
    assert (await ask(running, model="500")).status_code == 500
    assert used(fake) == ["home"]


async def test_a_callers_own_key_goes_alone(start: Start, fake: Vendor) -> None:
    settings = {"plugins": {"anthropic": {"passthrough": True}}}
    running = await start(settings)
    fake.more_keys.add("sk-theirs")
    body = {"model": "m", "max_tokens": 1, "messages": []}
    answer = await running.client.post(
        "/v1/messages", json=body, headers={"x-api-key": "sk-theirs"}
    )
    assert answer.status_code == 200
    assert fake.last.headers["x-api-key"] == "sk-theirs"


async def test_the_status_tells_of_accounts_and_circuits(
    keys: Settings, start: Start, fake: Vendor
) -> None:
    running = await start(keys("home", "work", circuit_failures=1))
    fake.limited.add("sk-home")
    await ask(running)
    await ask(running, model="500")
    told = (await running.client.get("/api/providers")).json()["providers"]
    (many,) = (each for each in told if each["name"] == "many")
    home, work = many["accounts"]
    assert (home["name"], work["name"]) == ("home", "work")
    assert 590 < home["resting_seconds"] <= 600
    assert work["resting_seconds"] == 0
    assert home["detail"].endswith("home.key")
    (circuit,) = many["circuits"]
    assert (circuit["model"], circuit["state"]) == ("500", "open")
    assert all(each["accounts"] == [] for each in told if each["name"] != "many")


async def listed(running: RunningGateway) -> list[str]:
    answer = await running.client.get("/many/v1/models")
    return [each["id"] for each in answer.json()["data"]]


async def test_what_any_of_the_keys_may_use_is_listed_once(
    keys: Settings, start: Start, fake: Vendor
) -> None:
    fake.more_models = {"sk-home": ("mine",), "sk-work": ("ours", "mine")}
    running = await start(keys("home", "work"))
    assert await listed(running) == ["vendor-large", "mine", "ours"]


async def test_a_key_that_gets_no_list_hides_nobody_elses(
    keys: Settings,
    start: Start,
    fake: Vendor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Be it refused, or left waiting."""
    monkeypatch.setattr("ccproxy.api.models.PATIENCE", 0.2)
    fake.more_models = {"sk-work": ("ours",)}
    running = await start(keys("wrong", "work"))
    assert await listed(running) == ["vendor-large", "ours"]
    fake.more_keys.add("sk-wrong")
    fake.list_waits = "sk-wrong"
    assert await listed(running) == ["vendor-large", "ours"]
    fake.more_keys.clear()
    fake.list_waits = None
    assert (await running.client.get("/many/v1/models")).status_code == 502
