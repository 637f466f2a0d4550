"""Several ChatGPT accounts that take turns."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from ccproxy.plugins.codex import CodexConfig, CodexPlugin
from ccproxy.sdk import Contributions, JsonObject, Provider, UpstreamRequest
from fakes.chatgpt import Person
from fakes.codex import World
from fakes.context import context

pytestmark = pytest.mark.unit

RequestOf = Callable[..., UpstreamRequest]
BODY = b'{"model":"m","input":"hi"}'


@asynccontextmanager
async def started(world: World, *, rotate: bool = True) -> AsyncIterator[Provider]:
    section: JsonObject = {"rotate": rotate, "codex_home": str(world.home / "none")}
    plugin = CodexPlugin(CodexConfig.model_validate(section))
    add = Contributions()
    plugin.setup(add)
    (provider,) = add.providers
    assert provider.accounts() == ()  # nothing has been read yet
    await plugin.start(context(world.http, world.home / "data"))
    try:
        yield provider
    finally:
        await plugin.stop()


@pytest.mark.parametrize("rotate", [False, True])
async def test_accounts_take_turns_only_if_that_is_asked_for(
    world: World, *, rotate: bool
) -> None:
    world.keep("home", Person(account="acct-1"))
    world.keep("again", Person(account="acct-1"))
    world.keep("work", Person(account="acct-2"))
    world.store().choose("work")
    async with started(world, rotate=rotate) as provider:
        accounts = provider.accounts()
        signed = [await account.auth.headers() for account in accounts]
    if not rotate:
        assert accounts == ()
        return
    assert [account.name for account in accounts] == ["work", "again"]
    assert [each["chatgpt-account-id"] for each in signed] == ["acct-2", "acct-1"]


async def test_what_an_account_has_used_is_read_from_its_answers(
    world: World, request_of: RequestOf
) -> None:
    world.keep("home", Person(account="acct-1"))
    world.keep("work", Person(account="acct-2"))
    request = request_of(BODY, {"chatgpt-account-id": "acct-2"})
    async with started(world) as provider:
        assert used(provider) == {"home": None, "work": None}
        provider.answered(request, Told(41.5))
        assert used(provider) == {"home": None, "work": 41.5}
        provider.answered(request, Told(100.0, resets_at=1))
        assert used(provider) == {"home": None, "work": 0.0}


def used(provider: Provider) -> dict[str, float | None]:
    return {each.name: each.used_percent for each in provider.accounts()}


class Told:
    """The head of an answer that tells how much of five hours is used."""

    def __init__(self, used: float, resets_at: int = 4_000_000_000) -> None:
        self.status = 200
        told = {"used-percent": used, "window-minutes": 300, "reset-at": resets_at}
        self.headers: Sequence[tuple[bytes, bytes]] = [
            (f"x-codex-primary-{name}".encode(), str(value).encode())
            for name, value in told.items()
        ]

    async def chunk(self) -> bytes:
        return b""

    def close(self) -> None:
        return
