"""``ccproxy auth profile``: whose accounts the providers use."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]

PLUGIN = """
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ccproxy.sdk import *
from ccproxy.sdk.errors import UpstreamError

class Acme(Plugin[PluginConfig]):
    manifest = Manifest("acme", "1")

    def setup(self, add):
        add.provider(Provider(name="acme", base_url="http://x.invalid", endpoints=[]))
        add.profile_adapter("acme", self.whoami)
"""

ACME = f"""{PLUGIN}
    async def whoami(self):
        resets = datetime(2026, 11, 24, 8, tzinfo=UTC)
        limits = (
            LimitWindow(name="5 hours", used_percent=40, resets_at=resets),
            LimitWindow(name="7 days", used_percent=100),
        )
        return [
            ProfileFields(account="acc-1", email="a@example.com", plan="pro",
                organization="Example", organization_role="owner", limits=limits,
                subscription_expires_at=resets + timedelta(days=30)),
            ProfileFields(account="acc-2", active=False),
        ]
"""


MOODY = f"""{PLUGIN}
    async def whoami(self):
        plan = Path(__file__).with_name("plan")
        if not plan.exists():
            raise UpstreamError("acme is out of order.")
        return [ProfileFields(account="acc-1", plan=plan.read_text())]
"""


@pytest.fixture
def plan(home: Path, acme: None) -> Path:
    """A file: the plan of the one account; without it, the provider is away."""
    (home / "plugins" / "acme.py").write_text(MOODY)
    file = home / "plugins" / "plan"
    file.write_text("pro")
    return file


@pytest.fixture
def acme(home: Path, environ: dict[str, str]) -> None:
    """A provider whose accounts are known."""
    folder = home / "plugins"
    folder.mkdir(mode=0o755)
    (folder / "acme.py").write_text(ACME)
    environ["CCPROXY_PLUGINS__DIRECTORY"] = str(folder)
    environ["CCPROXY_PLUGINS__ENABLE"] = '["acme", "server"]'
    environ["TZ"] = "UTC"


def shown(told: subprocess.CompletedProcess[str]) -> None:
    assert (told.returncode, told.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert lines[0] == "PROVIDER ACCOUNT PLAN ORGANIZATION PAID UNTIL AS OF"
    assert lines[1].startswith(
        "acme a@example.com pro Example (owner) 2026-12-24 08:00 "
    )
    assert lines[2].startswith("acme acc-2 (not active) ")
    assert lines[3:] == [
        "",
        "PROVIDER ACCOUNT LIMIT USED RESETS",
        "acme a@example.com 5 hours ########............ 40 % 2026-11-24 08:00",
        "acme a@example.com 7 days #################### 100 %",
    ]


@pytest.mark.usefixtures("acme", "gateway")
def test_the_running_gateway_tells_accounts_and_limits(ccproxy: Run) -> None:
    shown(ccproxy("auth", "profile"))
    shown(ccproxy("auth", "profile", "acme", "--refresh"))


@pytest.mark.usefixtures("acme", "port")
def test_without_a_gateway_it_looks_itself(ccproxy: Run) -> None:
    shown(ccproxy("auth", "profile"))
    told = json.loads(ccproxy("auth", "profile", "acme", "--json").stdout)
    (profile,) = told["profiles"]
    assert profile["provider"] == "acme"
    assert [each["account"] for each in profile["accounts"]] == ["acc-1", "acc-2"]


@pytest.mark.parametrize("where", ["gateway", "port"])
def test_a_refresh_asks_the_provider_and_old_facts_say_why_they_are_old(
    ccproxy: Run, plan: Path, where: str, request: pytest.FixtureRequest
) -> None:
    """With a gateway that runs, and without one."""
    request.getfixturevalue(where)
    assert " pro " in ccproxy("auth", "profile", "acme").stdout
    plan.write_text("team")
    told = ccproxy("auth", "profile", "acme", "--refresh")
    assert (told.returncode, " team " in told.stdout) == (0, True)
    plan.unlink()
    old = ccproxy("auth", "profile", "acme", "--refresh")
    assert (old.returncode, old.stderr, " team " in old.stdout) == (1, "", True)
    assert old.stdout.splitlines()[-1] == (
        "acme, acc-1: 0 minutes old, because asking fails: acme is out of order."
    )


@pytest.mark.usefixtures("port")
def test_with_nothing_logged_in_it_says_what_to_do(ccproxy: Run) -> None:
    told = ccproxy("auth", "profile", "openai")
    assert (told.returncode, told.stderr) == (8, "")
    assert told.stdout == (
        "Nobody is logged in.\n\nopenai: no API key. Set OPENAI_API_KEY, or "
        "api_key_file in [plugins.openai].\n"
    )
    everybody = ccproxy("auth", "profile")
    assert (everybody.returncode, everybody.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] in everybody.stdout.splitlines()


@pytest.mark.usefixtures("port")
def test_a_provider_that_can_not_be_asked_is_an_exit_code(
    ccproxy: Run, environ: dict[str, str]
) -> None:
    environ["OPENAI_API_KEY"] = "sk-test-0123456789abcdef"
    nowhere = "plugins.openai.base_url=http://127.0.0.1:9/v1"
    told = ccproxy("auth", "profile", "openai", "--set", nowhere)
    assert (told.returncode, told.stderr) == (1, "")
    assert "openai does not answer" in told.stdout


@pytest.mark.usefixtures("acme")
def test_an_unknown_provider_is_refused_with_and_without_a_gateway(
    ccproxy: Run, port: int, request: pytest.FixtureRequest
) -> None:
    expected = "Error: There is no provider 'nobody'.\nThere are: acme.\n"
    alone = ccproxy("auth", "profile", "nobody")
    assert (alone.returncode, alone.stderr) == (1, expected)
    request.getfixturevalue("gateway")
    asked = ccproxy("auth", "profile", "nobody")
    assert (asked.returncode, asked.stderr) == (1, expected)
