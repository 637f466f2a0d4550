"""How the gateway begins and ends: one client, closed once, whatever happens."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar

import httpx
import pytest
from fastapi import Depends

from ccproxy.api.dependencies import get_http_client
from ccproxy.api.gateway import Gateway
from ccproxy.config import Layer, Layers
from ccproxy.errors import ConfigError
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.discovery import Found
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.sdk import Manifest, Plugin, PluginConfig, PluginContext
from ccproxy.storage.database import Database
from ccproxy.storage.migrate import State
from ccproxy.testing import RunningGateway, gateway
from fakes.databases import lay_tables
from fakes.vendor import KEY, Vendor, vendor
from fakes.world import Start

pytestmark = pytest.mark.integration


def of(*plugins: type[Plugin[PluginConfig]], **settings: object) -> Gateway:
    found = [
        Found(each.manifest.name, "entry-point", "test", partial(_itself, each))
        for each in plugins
    ]
    return Gateway(Layers(None, (Layer("test", settings, strict=True),)), found=found)


def _itself(plugin: type[Plugin[PluginConfig]]) -> type[Plugin[PluginConfig]]:
    return plugin


class Keeps(Plugin[PluginConfig]):
    """Keeps the client it was lent."""

    manifest = Manifest("keeps", "1")
    clients: ClassVar[list[httpx.AsyncClient]] = []

    async def start(self, ctx: PluginContext) -> None:
        self.clients.append(ctx.http)
        assert ctx.get(HTTPPoolManager).client is ctx.http


class KeepsToo(Keeps):
    """Another one."""

    manifest = Manifest("keeps_too", "1")


@pytest.fixture(autouse=True)
def _forget() -> None:
    Keeps.clients.clear()


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lay_tables(tmp_path / "ccproxy" / "ccproxy.duckdb")


@asynccontextmanager
async def no_leak() -> AsyncIterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield
        gc.collect()
        await asyncio.sleep(0)


async def test_plugins_and_api_are_lent_the_same_client() -> None:
    async with no_leak(), gateway(Keeps, KeepsToo) as running:
        pool = running.app.container.get(HTTPPoolManager)
        assert Keeps.clients == [pool.client, pool.client]
    assert [client.is_closed for client in Keeps.clients] == [True, True]


async def test_routes_get_it_as_a_dependency(running: RunningGateway) -> None:
    lent: list[httpx.AsyncClient] = []
    api = running.app.container.get(HTTPPoolManager)

    from fastapi import FastAPI

    app = FastAPI()
    app.state.container = running.app.container

    @app.get("/")
    async def look(
        client: Annotated[httpx.AsyncClient, Depends(get_http_client)],
    ) -> None:
        lent.append(client)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        await client.get("/")
    assert lent == [api.client]


async def test_providers_of_all_plugins_share_their_connections(
    running: RunningGateway, fake: Vendor
) -> None:
    for path in ("/openai/v1/models", "/anthropic/v1/models", "/openai/v1/models"):
        assert (await running.client.get(path)).status_code == 200
    body = {"model": "m", "max_tokens": 1, "messages": []}
    assert (await running.client.post("/v1/messages", json=body)).status_code == 200
    assert fake.connections == 1


async def test_a_start_brings_the_database_up_to_date(tmp_path: Path) -> None:
    """Though nobody needs it yet."""
    app = of(storage={"url": f"duckdb:///{tmp_path}/ccproxy.duckdb"})
    await app.start()
    (core,) = await app.container.get(Database).states()
    await app.stop()
    assert core.state is State.CURRENT


async def test_stopping_twice_closes_once() -> None:
    async with no_leak():
        app = of(Keeps)
        await app.start()
        await app.stop()
        await app.stop()
    assert Keeps.clients[0].is_closed
    with pytest.raises(RuntimeError, match="not running"):
        _ = app.container


async def test_a_start_that_fails_closes_what_was_opened() -> None:
    async with no_leak():
        app = of(Keeps, http={"ca_file": "/dev/null"})
        sent = await live(app, lambda: asyncio.sleep(0))
    assert sent == ["lifespan.startup.failed"]
    assert isinstance(app.start_error, ConfigError)


async def test_a_start_that_is_cancelled_closes_what_was_opened() -> None:
    entered = asyncio.Event()

    class Hangs(Keeps):
        manifest = Manifest("hangs", "1")

        async def start(self, ctx: PluginContext) -> None:
            await super().start(ctx)
            entered.set()
            await asyncio.Event().wait()

    async with no_leak():
        task = asyncio.create_task(live(of(Hangs), asyncio.Event().wait))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert Keeps.clients[0].is_closed


async def test_a_running_gateway_that_is_cancelled_closes_too() -> None:
    async with no_leak():
        started = asyncio.Event()

        async def forever() -> None:
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(live(of(Keeps), forever))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert Keeps.clients[0].is_closed


async def live(app: Gateway, until: Callable[[], Awaitable[object]]) -> list[str]:
    """Run the lifespan; tell what it sent."""
    sent: list[str] = []
    asked = ["lifespan.startup", "lifespan.shutdown"]

    async def receive() -> dict[str, str]:
        kind = asked.pop(0)
        if kind == "lifespan.shutdown":
            await until()
        return {"type": kind}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_the_api_describes_itself(start: Start) -> None:
    running = await start()
    document = (await running.client.get("/api/openapi.json")).json()
    assert {"/api/status", "/api/plugins/status", "/api/providers"} <= {
        *document["paths"]
    }
    schemas = document["components"]["schemas"]
    for name in ("PluginStatus", "ProviderStatus", "GatewayStatus"):
        for field, shape in schemas[name]["properties"].items():
            assert shape.get("description"), f"{name}.{field} is not described"


async def test_no_status_tells_a_secret(start: Start) -> None:
    running = await start({"security": {"client_tokens": ["very private"]}})
    headers = {"x-api-key": "very private"}
    for path in ("/api/status", "/api/plugins/status", "/api/providers"):
        answer = await running.client.get(path, headers=headers)
        assert answer.status_code == 200
        assert KEY not in answer.text
        assert "very private" not in answer.text


async def test_a_missing_piece_says_what_to_install(running: RunningGateway) -> None:
    for path, wheel in (
        ("/metrics", "ccproxy-plugin-metrics"),
        ("/dashboard", "ccproxy-dashboard"),
    ):
        answer = await running.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"pip install {wheel}" in answer.json()["hint"]
    answer = await running.client.post(
        "/codex/v1/responses", json={"model": "m", "input": "x"}
    )
    assert answer.status_code == 404
    assert "pip install ccproxy-plugin-codex" in answer.json()["error"]["message"]


async def test_a_provider_that_answers_nothing_fitting_says_what_it_answers() -> None:
    async with vendor() as fake:
        server = {"base_url": fake.url, "endpoints": ["messages/count_tokens"]}
        settings = {"plugins": {"openai": server}}
        async with gateway(OpenAIPlugin, settings=settings) as running:
            answer = await running.client.post(
                "/openai/v1/chat/completions", json={"model": "m", "messages": []}
            )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "openai does not answer /v1/chat/completions (openai-chat). It speaks: "
        "anthropic-messages at /v1/messages/count_tokens."
    )
    assert fake.seen == []


async def test_what_v1_has_is_told_where_it_has_something_not() -> None:
    async with gateway() as running:
        answer = await running.client.post("/v1/completions", json={})
    assert answer.status_code == 404
    told = answer.json()["error"]["message"]
    assert "Of /v1 there are messages" in told
    assert "chat/completions, responses" in told
