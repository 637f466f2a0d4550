"""``/v1/models``, in the shape the caller knows."""

import anthropic.types
import httpx
import openai.types
import pytest

from ccproxy.dialects import Endpoint
from ccproxy.sdk import (
    Contributions,
    Credential,
    LoginState,
    LoginStatus,
    Manifest,
    Model,
    Plugin,
    PluginConfig,
    Provider,
)
from ccproxy.sdk.provider import models_of
from ccproxy.testing import RunningGateway
from fakes.vendor import Vendor
from fakes.world import Start

pytestmark = pytest.mark.integration

ANTHROPIC = {"anthropic-version": "2023-06-01"}


async def test_all_lists_are_merged_under_names_that_lead_there(
    running: RunningGateway,
) -> None:
    """Two vendors list the same model; by its plain name one of them answers it."""
    answer = (await running.client.get("/v1/models")).json()
    for model in answer["data"]:
        openai.types.Model.model_validate(model)
    ids = [model["id"] for model in answer["data"]]
    assert answer["object"] == "list"
    assert "sandbox-echo" in ids
    assert ids.count("vendor-large") == 2  # one per dialect, each leads to its own


async def test_anthropics_clients_get_anthropics_shape(running: RunningGateway) -> None:
    answer = await running.client.get("/anthropic/v1/models", headers=ANTHROPIC)
    assert answer.json() == {
        "data": [
            {
                "type": "model",
                "id": "vendor-large",
                "display_name": "Large",
                "created_at": "1970-01-01T00:00:01Z",
                "lifecycle": "active",
            }
        ],
        "has_more": False,
        "first_id": "vendor-large",
        "last_id": "vendor-large",
    }
    anthropic.types.ModelInfo.model_validate(answer.json()["data"][0])


async def test_one_model_can_be_asked_for(running: RunningGateway) -> None:
    answer = await running.client.get("/openai/v1/models/vendor-large")
    assert answer.json()["id"] == "vendor-large"
    unknown = await running.client.get("/openai/v1/models/gone")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["code"] == "model_not_found"
    unknown = await running.client.get("/openai/v1/models/gone", headers=ANTHROPIC)
    assert unknown.json()["error"]["type"] == "not_found_error"


async def test_codex_cli_is_told_to_use_its_own_list(running: RunningGateway) -> None:
    answer = await running.client.get("/v1/models?client_version=0.169.0")
    assert answer.json() == {"models": []}


async def test_a_provider_that_gives_no_list_does_not_spoil_the_others(
    start: Start, fake: Vendor
) -> None:
    running = await start({"plugins": {"openai": {"api_key": "sk-wrong"}}})
    ids = [
        each["id"] for each in (await running.client.get("/v1/models")).json()["data"]
    ]
    assert "vendor-large" in ids
    alone = await running.client.get("/openai/v1/models")
    assert alone.status_code == 502


async def test_no_secret_and_no_cookie_goes_with_the_question(
    running: RunningGateway, fake: Vendor
) -> None:
    await running.client.get("/openai/v1/models", headers={"cookie": "private=1"})
    assert "cookie" not in fake.last.headers


class Odd(Provider):
    """Breaks wherever it is asked."""

    async def models(self, http: httpx.AsyncClient, auth: Credential) -> list[Model]:
        raise KeyError(str(http))

    def login(self) -> LoginStatus:
        raise ZeroDivisionError


class HalfOdd(Odd):
    """Breaks when its models are asked for."""

    def login(self) -> LoginStatus:
        return LoginStatus(LoginState.READY, "fine")


class OddPlugin(Plugin[PluginConfig]):
    """Adds both."""

    manifest = Manifest("odd", "1")

    def setup(self, add: Contributions) -> None:
        for name, kind in (("odd", Odd), ("half_odd", HalfOdd)):
            url = "http://x.invalid"
            add.provider(kind(name=name, base_url=url, endpoints=[Endpoint.CHAT]))


async def test_a_provider_that_breaks_breaks_nothing_else(start: Start) -> None:
    running = await start(None, OddPlugin)
    listed = (await running.client.get("/v1/models")).json()["data"]
    assert "vendor-large" in [each["id"] for each in listed]
    providers = (await running.client.get("/api/providers")).json()["providers"]
    states = {each["name"]: each["login"] for each in providers}
    assert states["odd"] == "broken"
    body = {"model": "m", "max_tokens": 1, "messages": []}
    assert (await running.client.post("/v1/messages", json=body)).status_code == 200


@pytest.mark.parametrize(
    "entries",
    [
        ["x"],
        [{"id": 5}],
        [{}],
        [{"id": "m", "created": 10**20}],
        [{"id": "m", "created": -1}],
    ],
)
def test_odd_entries_of_a_list_are_passed_over_or_put_right(
    entries: list[object],
) -> None:
    assert models_of(entries) in ([], [Model("m", 0, "m")])
