"""``ccproxy auth``: logging in and out with the real program and a strict vendor."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from fakes.chatgpt import ChatGPT, Person, chatgpt
from fakes.person import Browser

pytestmark = pytest.mark.e2e

VISIT = """\
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]).read()
"""


Told = subprocess.CompletedProcess[str]
Ccproxy = Callable[..., Awaitable[Told]]


@pytest.fixture
async def vendor(port: int, environ: dict[str, str]) -> AsyncIterator[ChatGPT]:
    """A vendor that the settings name; the gateway's port is not that of others."""
    async with chatgpt() as fake:
        environ["CCPROXY_PLUGINS__CODEX__ISSUER"] = fake.url
        environ["CCPROXY_PLUGINS__CODEX__BASE_URL"] = f"{fake.url}/backend-api/codex"
        environ["CCPROXY_PLUGINS__CODEX__CALLBACK_PORTS"] = "[0]"
        environ["CODEX_HOME"] = environ["HOME"]
        yield fake


@pytest.fixture
def browser(home: Path, environ: dict[str, str]) -> None:
    """A browser that goes through the vendor's page by itself."""
    script = home / "browser.py"
    script.write_text(VISIT)
    environ["BROWSER"] = f"{sys.executable} {script} %s"


@pytest.fixture
def tell(ccproxy: Callable[..., Told]) -> Ccproxy:
    """Run ``ccproxy`` to its end, while the vendor goes on in this thread."""

    async def tell(*arguments: str) -> Told:
        return await asyncio.to_thread(ccproxy, *arguments)

    return tell


def lines(told: Told) -> list[str]:
    """What was answered, whatever the width of columns."""
    return [" ".join(line.split()) for line in told.stdout.splitlines()]


@pytest.mark.usefixtures("browser")
async def test_from_login_to_logout(vendor: ChatGPT, tell: Ccproxy) -> None:
    """It says who logged in, lists the accounts, uses another, and forgets them."""
    first = await tell("auth", "login", "codex")
    assert (first.returncode, first.stdout) == (
        0,
        "Logged in to codex as ada@example.com (plan plus), account default.\n",
    ), first
    vendor.person = Person("acct-2", "bob@example.com", "pro")
    second = await tell("auth", "login", "codex", "--account", "bob")
    assert lines(second)[1:] == ["To use this account: ccproxy auth use codex bob"]
    used = await tell("auth", "use", "codex", "bob")
    assert used.stdout == "codex uses the account bob: bob@example.com (plan pro).\n"
    listed = await tell("auth", "list")
    assert lines(listed) == [
        "PROVIDER ACCOUNT IN USE WHO PLAN",
        "codex bob yes bob@example.com pro",
        "codex default ada@example.com plus",
    ]
    gone = await tell("auth", "logout", "codex")
    assert gone.stdout == "The account bob is logged out.\n"
    told = "".join(
        each.stdout + each.stderr for each in (first, second, used, listed, gone)
    )
    assert not [token for token in vendor.families[0].access if token in told]


async def test_the_status_tells_what_is_over_and_what_to_do(
    vendor: ChatGPT, tell: Ccproxy, home: Path
) -> None:
    """Nobody logged in and a login that has ended both are exit code 8."""
    nobody = await tell("auth", "status", "codex")
    assert (nobody.returncode, nobody.stdout) == (
        8,
        "Nobody is logged in. Run `ccproxy auth login codex`.\n",
    )
    vendor.interval, vendor.typed = "1", True
    made = await tell("auth", "login", "codex", "--device")
    assert made.returncode == 0, made
    assert "type the code ABCD-1234" in made.stderr
    good = await tell("auth", "status")
    assert (good.returncode, lines(good)[0]) == (
        0,
        "PROVIDER ACCOUNT STATE GOOD UNTIL KEPT IN",
    )
    assert lines(good)[1].startswith("codex default ready ")
    assert lines(good)[1].endswith("/codex/default.json")
    vendor.revoke(vendor.families[0])
    refused = await tell("auth", "refresh", "codex")
    assert refused.returncode == 8
    assert refused.stderr == (
        "Error: The login default can't be renewed: the vendor has revoked it.\n"
        "Run `ccproxy auth login codex`.\n"
    )
    over = await tell("auth", "status", "codex")
    assert (
        "the vendor has revoked it. Run `ccproxy auth login codex`." in lines(over)[-1]
    )


async def test_a_gateway_that_runs_knows_of_a_login_when_the_command_ends(
    vendor: ChatGPT, gateway: str, tell: Ccproxy
) -> None:
    """The next request goes to ChatGPT, not to the sandbox."""
    vendor.interval, vendor.typed = "1", True
    assert (await tell("auth", "login", "codex", "--device")).returncode == 0
    async with httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(f"{gateway}/api/providers")).json()["providers"]
    states = {each["name"]: each["login"] for each in told}
    assert states["codex"] == "ready"


async def test_without_a_browser_the_answer_is_pasted(
    vendor: ChatGPT, home: Path, environ: dict[str, str]
) -> None:
    """``--no-browser`` prints the page's address, and takes where it leads."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccproxy.cli"),
        *("auth", "login", "codex", "--no-browser", "--json"),
        env=environ,
        cwd=home,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    shown = b""
    while b"/oauth/authorize" not in shown:
        shown = await process.stderr.readline()
    address = await Browser().answer(shown.decode().strip())
    told, _ = await process.communicate(f"{address}\n".encode())
    assert json.loads(told)["email"] == "ada@example.com"
    assert process.returncode == 0


@pytest.mark.usefixtures("browser")
async def test_a_login_that_is_denied_has_exit_code_8(
    vendor: ChatGPT, tell: Ccproxy
) -> None:
    """The message is the vendor's, the hint ours."""
    vendor.denies = True
    told = await tell("auth", "login", "codex")
    assert (told.returncode, told.stdout) == (8, "")
    assert told.stderr.endswith(
        "Error: The login was denied: They said no.\nLog in again, and allow it.\n"
    )


async def test_a_provider_without_logins_names_those_that_have_some(
    tell: Ccproxy,
) -> None:
    """So does a provider that does not exist."""
    without = await tell("auth", "login", "openai")
    assert without.returncode == 1
    assert without.stderr == (
        "Error: The provider openai has no logins of its own.\nThere are logins for: "
        "codex. Set OPENAI_API_KEY, or api_key_file in [plugins.openai].\n"
    )
    unknown = await tell("auth", "status", "nobody")
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "Error: There is no provider 'nobody'.\nThere are logins for: codex.\n",
    )
