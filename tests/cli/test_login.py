"""``ccproxy auth``: logging in and out with the real program and a strict vendor."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.chatgpt import ChatGPT, Person, chatgpt
from fakes.person import Browser

pytestmark = pytest.mark.e2e

VISIT = """\
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]).read()
"""


@dataclass
class Told:
    """How a command ended."""

    code: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it answered, whatever the width of columns."""
        return [" ".join(line.split()) for line in self.out.splitlines()]


Ccproxy = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def vendor(environ: dict[str, str]) -> AsyncIterator[ChatGPT]:
    """A vendor that the settings name."""
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
def begin(home: Path, environ: dict[str, str]) -> Ccproxy:
    """Start ``ccproxy``."""

    async def begin(*arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ccproxy.cli", *arguments),
            env=environ,
            cwd=home,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    return begin


async def ended(process: asyncio.subprocess.Process, typed: bytes = b"") -> Told:
    out, err = await process.communicate(typed)
    return Told(process.returncode, out.decode(), err.decode())


@pytest.mark.usefixtures("browser")
async def test_from_login_to_logout(vendor: ChatGPT, begin: Ccproxy) -> None:
    """It says who logged in, lists the accounts, uses another, and forgets them."""
    first = await ended(await begin("auth", "login", "codex"))
    assert (first.code, first.out) == (
        0,
        "Logged in to codex as ada@example.com (plan plus), account default.\n",
    ), first
    vendor.person = Person("acct-2", "bob@example.com", "pro")
    second = await ended(await begin("auth", "login", "codex", "--account", "bob"))
    assert second.lines[1:] == ["To use this account: ccproxy auth use codex bob"]
    used = await ended(await begin("auth", "use", "codex", "bob"))
    assert used.out == "codex uses the account bob: bob@example.com (plan pro).\n"
    listed = await ended(await begin("auth", "list"))
    assert listed.lines == [
        "PROVIDER ACCOUNT IN USE WHO PLAN",
        "codex bob yes bob@example.com pro",
        "codex default ada@example.com plus",
    ]
    gone = await ended(await begin("auth", "logout", "codex"))
    assert gone.out == "The account bob is logged out.\n"
    told = "".join(each.out + each.err for each in (first, second, used, listed, gone))
    assert not [token for token in vendor.families[0].access if token in told]


async def test_the_status_tells_what_is_over_and_what_to_do(
    vendor: ChatGPT, begin: Ccproxy, home: Path
) -> None:
    """Nobody logged in and a login that has ended both are exit code 8."""
    nobody = await ended(await begin("auth", "status", "codex"))
    assert (nobody.code, nobody.out) == (
        8,
        "Nobody is logged in. Run `ccproxy auth login codex`.\n",
    )
    vendor.interval, vendor.typed = "0", True
    made = await ended(await begin("auth", "login", "codex", "--device"))
    assert made.code == 0, made
    assert "type the code ABCD-1234" in made.err
    good = await ended(await begin("auth", "status"))
    assert (good.code, good.lines[0]) == (
        0,
        "PROVIDER ACCOUNT STATE GOOD UNTIL KEPT IN",
    )
    assert good.lines[1].startswith("codex default ready ")
    assert good.lines[1].endswith("/codex/default.json")
    vendor.revoke(vendor.families[0])
    refused = await ended(await begin("auth", "refresh", "codex"))
    assert refused.code == 8
    assert refused.err == (
        "Error: The login default can't be renewed: the vendor has revoked it.\n"
        "Run `ccproxy auth login codex`.\n"
    )
    over = await ended(await begin("auth", "status", "codex"))
    assert (
        "the vendor has revoked it. Run `ccproxy auth login codex`." in over.lines[-1]
    )


async def test_without_a_browser_the_answer_is_pasted(
    vendor: ChatGPT, begin: Ccproxy
) -> None:
    """``--no-browser`` prints the page's address, and takes where it leads."""
    process = await begin("auth", "login", "codex", "--no-browser", "--json")
    assert process.stderr is not None
    shown = b""
    while b"/oauth/authorize" not in shown:
        shown = await process.stderr.readline()
    address = await Browser().answer(shown.decode().strip())
    told = await ended(process, f"{address}\n".encode())
    assert json.loads(told.out)["email"] == "ada@example.com"
    assert told.code == 0


@pytest.mark.usefixtures("browser")
async def test_a_login_that_is_denied_has_exit_code_8(
    vendor: ChatGPT, begin: Ccproxy
) -> None:
    """The message is the vendor's, the hint ours."""
    vendor.denies = True
    told = await ended(await begin("auth", "login", "codex"))
    assert (told.code, told.out) == (8, "")
    assert told.err.endswith(
        "Error: The login was denied: They said no.\nLog in again, and allow it.\n"
    )


async def test_a_provider_without_logins_names_those_that_have_some(
    begin: Ccproxy,
) -> None:
    """So does a provider that does not exist."""
    without = await ended(await begin("auth", "login", "openai"))
    assert without.code == 1
    assert without.err == (
        "Error: The provider openai has no logins of its own.\nThere are logins for: "
        "codex. Set OPENAI_API_KEY, or api_key_file in [plugins.openai].\n"
    )
    unknown = await ended(await begin("auth", "status", "nobody"))
    assert (unknown.code, unknown.err) == (
        1,
        "Error: There is no provider 'nobody'.\nThere are logins for: codex.\n",
    )
