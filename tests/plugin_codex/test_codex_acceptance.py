"""A new login or new tokens change what is stored, and the API tells the latest."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ccproxy.plugins.codex import CodexPlugin
from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.login_file import new_login
from ccproxy.sdk import (
    Contributions,
    LoginMethod,
    Manifest,
    Plugin,
    PluginConfig,
)
from ccproxy.sdk.events import ProfileUpdated
from ccproxy.testing import RunningGateway, gateway
from fakes.chatgpt import ChatGPT, Person
from fakes.person import Browser

pytestmark = pytest.mark.integration

BODY = {"model": "gpt-5.5", "input": "hi", "stream": True}


class Watcher(Plugin[PluginConfig]):
    """Lets the test wait until a profile has changed."""

    manifest = Manifest("watcher", "1")
    changed: asyncio.Queue[tuple[str, ...]]

    def setup(self, add: Contributions) -> None:
        type(self).changed = asyncio.Queue()
        add.hook(ProfileUpdated, self.note)

    def note(self, event: ProfileUpdated) -> None:
        self.changed.put_nowait(event.fields)


@pytest.fixture
async def running(vendor: ChatGPT, tmp_path: Path) -> AsyncIterator[RunningGateway]:
    section = {
        "issuer": vendor.url,
        "base_url": f"{vendor.url}/backend-api/codex",
        "callback_ports": [0],
        "codex_home": str(tmp_path),
        "aliases": {"fast": "gpt-5.5"},
    }
    settings = {"plugins": {"codex": section}}
    async with gateway(CodexPlugin, Watcher, settings=settings) as running:
        yield running


async def account(running: RunningGateway) -> dict[str, object] | None:
    answer = await running.client.get("/api/profile/codex")
    accounts = answer.json()["accounts"]
    return accounts[0] if accounts else None


async def until(running: RunningGateway, **facts: object) -> dict[str, object]:
    """Wait for the profile to change until it says so."""
    while True:
        told = await account(running)
        if told is not None and facts.items() <= told.items():
            return told
        await Watcher.changed.get()


async def ask(running: RunningGateway, model: str = "gpt-5.5") -> httpx.Response:
    body = {**BODY, "model": model}
    return await running.client.post("/codex/v1/responses", json=body)


async def test_login_refresh_and_logout_reach_the_api(
    vendor: ChatGPT, running: RunningGateway
) -> None:
    assert await account(running) is None
    logins = running.app.plugins.logins["codex"]
    await logins.log_in(None, Browser(), LoginMethod.BROWSER)
    told = await until(running, plan="plus")
    assert (told["email"], told["account"]) == ("ada@example.com", "acct-1")
    assert (await ask(running)).status_code == 200

    vendor.person = Person(plan="pro")
    await logins.refresh(None)
    assert (await until(running, plan="pro"))["account"] == "acct-1"

    await logins.log_out(None)
    while await account(running) is not None:
        await Watcher.changed.get()
    assert (await running.client.get("/api/profile/codex")).json()["hint"] == (
        "Run `ccproxy auth login codex`, or `codex login`."
    )


async def test_limits_in_an_answer_count_where_the_endpoint_fails(
    vendor: ChatGPT, running: RunningGateway
) -> None:
    vendor.has_limits = False
    await running.app.plugins.logins["codex"].log_in(
        None, Browser(), LoginMethod.BROWSER
    )
    vendor.headers = {
        "x-codex-primary-used-percent": "40",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": str(int(vendor.now()) + 3600),
    }
    answer = await ask(running)
    assert answer.headers["x-codex-primary-used-percent"] == "40"
    limits: list[dict[str, object]] = []
    while not limits:  # what was being fetched before the answer may be told first
        told = await running.client.get("/api/profile/codex?refresh=true")
        limits = [each for one in told.json()["accounts"] for each in one["limits"]]
    (limit,) = limits
    assert (limit["name"], limit["used_percent"]) == ("5 hours", 40.0)


async def test_limits_in_an_answer_reach_the_api_without_asking_for_them(
    vendor: ChatGPT, running: RunningGateway
) -> None:
    logins = running.app.plugins.logins["codex"]
    await logins.log_in(None, Browser(), LoginMethod.BROWSER)
    assert (await until(running, plan="plus"))["limits"] == []
    vendor.headers = {
        "x-codex-primary-used-percent": "40",
        "x-codex-primary-window-minutes": "300",
    }
    await ask(running)
    told: object = []
    while told == []:
        await Watcher.changed.get()
        told = (await until(running, plan="plus", active=True))["limits"]
    assert isinstance(told, list)
    assert [(each["name"], each["used_percent"]) for each in told] == [("5 hours", 40)]


async def test_fifty_requests_with_an_ended_login_renew_it_once(
    vendor: ChatGPT, running: RunningGateway
) -> None:
    """The vendor has ended the access token; the clock would say it is good."""
    await running.app.plugins.logins["codex"].log_in(
        None, Browser(), LoginMethod.BROWSER
    )
    vendor.families[0].access.clear()
    answers = await asyncio.gather(*(ask(running) for _ in range(50)))
    assert [each.status_code for each in answers] == [200] * 50
    assert vendor.refreshes == 1


async def test_a_login_another_process_has_made_is_used_and_told(
    vendor: ChatGPT, running: RunningGateway
) -> None:
    credential = running.app.plugins.providers["codex"].auth
    assert isinstance(credential, CodexCredential)
    credential.accounts.store.save("default", new_login(vendor.login(), vendor.now()))
    assert (await until(running, plan="plus"))["email"] == "ada@example.com"
    assert (await ask(running, "fast")).status_code == 200
