"""The login of Codex CLI signs requests, and is read again when it changes."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.sdk import JsonObject, LoginState
from ccproxy.sdk.errors import CredentialError
from fakes.chatgpt import ChatGPT
from fakes.codex import Clock, World

pytestmark = pytest.mark.unit

Jwt = Callable[[JsonObject], str]
AuthJson = Callable[..., Path]


async def signing(
    path: Path, now: Clock | None = None, monotonic: Clock | None = None
) -> CodexCredential:
    """Sign with Codex CLI's login alone; nobody is asked for anything."""
    async with httpx.AsyncClient() as http:
        world = World(path.parent, ChatGPT(), http)
        world.clock = now or world.clock
        world.monotonic = monotonic or world.monotonic
        return await world.credential()


def test_before_the_start_nothing_is_known() -> None:
    assert not CodexCredential().status().usable


async def test_token_and_account_sign(auth_json: AuthJson) -> None:
    auth = await signing(auth_json({"access_token": "t", "account_id": "acct-1"}))
    assert await auth.headers() == {
        "authorization": "Bearer t",
        "chatgpt-account-id": "acct-1",
    }
    assert auth.status().state is LoginState.READY


async def test_an_account_of_the_government_says_so(
    auth_json: AuthJson, jwt: Jwt
) -> None:
    claims: JsonObject = {"chatgpt_account_is_fedramp": True}
    identity = jwt({"https://api.openai.com/auth": claims})
    auth = await signing(auth_json({"access_token": "t", "id_token": identity}))
    assert (await auth.headers())["x-openai-fedramp"] == "true"


async def test_the_status_tells_plan_and_expiry_and_never_the_token(
    auth_json: AuthJson, jwt: Jwt
) -> None:
    access = jwt(
        {
            "exp": 1_800_000_000,
            "https://api.openai.com/auth": {"chatgpt_plan_type": "plus"},
        }
    )
    auth = await signing(auth_json({"access_token": access}), now=Clock(1000))
    status = auth.status()
    assert status.detail == (
        "ChatGPT login of Codex CLI, plan plus, until 2027-01-15 08:00 UTC"
    )
    assert access not in repr(status)


async def test_an_expired_login_is_refused_before_anything_is_sent(
    auth_json: AuthJson, jwt: Jwt
) -> None:
    now = Clock(1_799_999_999)
    auth = await signing(
        auth_json({"access_token": jwt({"exp": 1_800_000_000})}), now=now
    )
    assert await auth.headers()
    now.seconds += 1
    assert auth.status().state is LoginState.EXPIRED
    with pytest.raises(CredentialError, match="codex login"):
        await auth.headers()


async def test_a_file_that_changed_is_read_again_a_second_later(
    auth_json: AuthJson,
) -> None:
    clock = Clock()
    path = auth_json({"access_token": "old"})
    auth = await signing(path, monotonic=clock)
    await auth.headers()
    auth_json({"access_token": "newer"})
    clock.seconds += 0.5
    assert (await auth.headers())["authorization"] == "Bearer old"
    clock.seconds += 0.5
    assert (await auth.headers())["authorization"] == "Bearer newer"


async def test_a_file_whose_stamp_stayed_is_not_read_again(
    auth_json: AuthJson,
) -> None:
    clock = Clock()
    path = auth_json({"access_token": "old"})
    facts = path.stat()
    auth = await signing(path, monotonic=clock)
    await auth.headers()
    auth_json({"access_token": "new"})
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    clock.seconds += 10
    assert (await auth.headers())["authorization"] == "Bearer old"


async def test_a_401_reads_the_file_again_at_once(auth_json: AuthJson) -> None:
    auth = await signing(auth_json({"access_token": "old"}), monotonic=Clock())
    rejected = await auth.headers()
    assert not await auth.renew(rejected)
    auth_json({"access_token": "new"})
    assert await auth.renew(rejected)
    assert (await auth.headers())["authorization"] == "Bearer new"


async def test_a_login_made_after_the_start_is_found(auth_json: AuthJson) -> None:
    clock = Clock()
    path = auth_json({"access_token": "t"})
    path.rename(path.with_name("away"))
    auth = await signing(path, monotonic=clock)
    with pytest.raises(CredentialError, match="keeps no login"):
        await auth.headers()
    path.with_name("away").rename(path)
    clock.seconds += 1
    assert (await auth.headers())["authorization"] == "Bearer t"


async def test_a_logout_after_the_start_is_noticed(auth_json: AuthJson) -> None:
    clock = Clock()
    path = auth_json({"access_token": "t"})
    auth = await signing(path, monotonic=clock)
    rejected = await auth.headers()
    path.unlink()
    assert not await auth.renew(rejected)
    assert auth.status().state is LoginState.MISSING
