"""``/api/profile``: whose accounts the providers use."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ccproxy.api.errors import answer_to
from ccproxy.errors import StorageError
from ccproxy.errors.exit_codes import ExitCode, exit_code
from ccproxy.sdk import (
    Contributions,
    Endpoint,
    LimitWindow,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    Provider,
)
from ccproxy.sdk.errors import CCProxyError, UpstreamError
from ccproxy.testing import gateway

pytestmark = pytest.mark.integration

RESETS = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Acme(Plugin[PluginConfig]):
    """A provider whose accounts the test decides on."""

    manifest = Manifest("acme", "1", requires=("profiles",))
    plan = "pro"
    failure: Exception | None = None
    contexts: list[PluginContext] = []  # noqa: RUF012  (reset by the fixture)

    def setup(self, add: Contributions) -> None:
        add.provider(
            Provider(
                name="acme", base_url="http://x.invalid", endpoints=[Endpoint.CHAT]
            )
        )
        add.profile_adapter("acme", self.whoami)

    async def start(self, ctx: PluginContext) -> None:
        self.contexts.append(ctx)

    async def whoami(self) -> Sequence[ProfileFields]:
        if self.failure is not None:
            raise self.failure
        limits = (
            LimitWindow(
                name="5 hours",
                used_percent=40,
                length=timedelta(hours=5),
                resets_at=RESETS,
            ),
        )
        first = ProfileFields(
            account="acc-1", email="a@example.com", plan=self.plan, limits=limits
        )
        return first, ProfileFields(account="acc-2", active=False)


@pytest.fixture(autouse=True)
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Acme, "plan", "pro")
    monkeypatch.setattr(Acme, "failure", None)
    monkeypatch.setattr(Acme, "contexts", [])


async def one(client: httpx.AsyncClient, query: str = "") -> dict[str, object]:
    answer = await client.get(f"/api/profile/acme{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def first_account(
    client: httpx.AsyncClient, query: str = ""
) -> dict[str, object]:
    accounts = (await one(client, query))["accounts"]
    assert isinstance(accounts, list)
    account: dict[str, object] = accounts[0]
    return account


async def test_it_tells_login_accounts_and_limits() -> None:
    async with gateway(Acme) as running:
        told = await one(running.client)
    accounts = told.pop("accounts")
    assert told == {
        "provider": "acme",
        "login": "not-needed",
        "detail": "no login needed",
        "hint": None,
        "problem": None,
    }
    assert isinstance(accounts, list)
    assert [each["account"] for each in accounts] == ["acc-1", "acc-2"]
    assert accounts[0]["limits"] == [
        {
            "name": "5 hours",
            "used_percent": 40.0,
            "length_seconds": 18000.0,
            "resets_at": "2026-11-24T08:00:00Z",
        }
    ]
    assert (accounts[0]["email"], accounts[0]["stale"]) == ("a@example.com", None)


async def test_all_providers_are_told_of_by_name() -> None:
    async with gateway(Acme) as running:
        told = (await running.client.get("/api/profile")).json()["profiles"]
    assert [(each["provider"], len(each["accounts"])) for each in told] == [
        ("acme", 2),
        ("sandbox", 0),
    ]


async def test_what_changed_is_told_after_a_refresh_or_a_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gateway(Acme) as running:
        assert (await first_account(running.client))["plan"] == "pro"
        monkeypatch.setattr(Acme, "plan", "team")
        assert (await first_account(running.client))["plan"] == "pro"
        refreshed = await first_account(running.client, "?refresh=true")
        assert refreshed["plan"] == "team"
        (context,) = Acme.contexts
        await context.profiles.update_fields("acme", account="acc-1", plan="free")
        cached = await context.profiles.load_profile("acme")
        assert cached is not None
        assert cached.plan == "free"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (UpstreamError("acme is out of order."), "acme is out of order."),
        (KeyError("sub"), "The plugin acme is broken: profile failed: KeyError: 'sub'"),
    ],
)
async def test_old_facts_say_why_they_are_old(
    failure: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway(Acme) as running:
        await one(running.client)
        monkeypatch.setattr(Acme, "failure", failure)
        account = await first_account(running.client, "?refresh=true")
    stale = account["stale"]
    assert isinstance(stale, dict)
    assert (account["plan"], stale["reason"]) == ("pro", reason)
    assert stale["age_seconds"] >= 0


async def test_where_nothing_is_known_the_problem_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Acme, "failure", UpstreamError("acme is out of order."))
    async with gateway(Acme) as running:
        told = await one(running.client)
    assert (told["problem"], told["accounts"]) == ("acme is out of order.", [])


async def test_an_unknown_provider_is_a_problem_that_names_those_there_are() -> None:
    async with gateway(Acme) as running:
        answer = await running.client.get("/api/profile/nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"] == "There is no provider 'nobody'."
    assert problem["hint"] == "There are: acme, sandbox."


async def test_a_gateway_without_a_database_relays_and_says_503(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").write_text("in the way")
    url = f"duckdb:///{tmp_path}/data/ccproxy.duckdb"
    chat = {"model": "sandbox-echo", "messages": [{"role": "user", "content": "hi"}]}
    async with gateway(Acme, settings={"storage": {"url": url}}) as running:
        answer = await running.client.get("/api/profile")
        assert answer.status_code == 503
        assert answer.json()["title"] == "storage unavailable"
        relayed = await running.client.post("/v1/chat/completions", json=chat)
        assert relayed.status_code == 200


async def test_openapi_has_the_types_and_the_problems() -> None:
    async with gateway(Acme) as running:
        api = (await running.client.get("/api/openapi.json")).json()
    told = api["paths"]["/api/profile/{provider}"]["get"]["responses"]
    schema = told["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/ProfileStatus"}
    assert [*told["404"]["content"], *told["503"]["content"]] == [
        "application/problem+json"
    ] * 2


def test_errors_of_the_database_have_a_status_and_an_exit_code_of_their_own() -> None:
    error: CCProxyError = StorageError("The database is gone.")
    assert (answer_to(error).status, answer_to(error).code) == (
        503,
        "storage_unavailable",
    )
    assert exit_code(error) is ExitCode.STORAGE
