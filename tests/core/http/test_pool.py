"""One session, one client, closed once."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from aiohttp import web

from ccproxy.config import Layers, Settings, load
from ccproxy.dialects import Endpoint
from ccproxy.errors import (
    ConfigError,
    UpstreamConnectError,
    UpstreamDiedError,
    UpstreamTimeoutError,
)
from ccproxy.http.pool import HTTPPoolManager, PoolOptions
from ccproxy.sdk import UpstreamRequest, read_all
from ccproxy.sdk.vitals import ConnectionsReading
from ccproxy.services.bootstrap import build_container

pytestmark = pytest.mark.integration

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def ask(url: str) -> UpstreamRequest:
    return UpstreamRequest(
        url=url,
        endpoint=Endpoint.CHAT,
        model="m",
        stream=False,
        headers={"content-type": "application/json"},
        body=b"{}",
        payload={},
        request_id="1",
    )


@pytest.fixture
async def pool() -> AsyncIterator[HTTPPoolManager]:
    options = PoolOptions(connect_timeout=1, read_timeout=0.3)
    pool = HTTPPoolManager(options)
    await pool.open()
    yield pool
    await pool.close()


async def test_the_same_client_is_lent_to_all() -> None:
    container = build_container(load(Layers(None, ())))
    pool = container.get(HTTPPoolManager)
    await pool.open()
    first = pool.client
    await pool.open()
    assert pool.client is first
    await container.close()
    assert first.is_closed


async def test_before_it_is_open_and_after_it_is_closed_it_lends_nothing() -> None:
    pool = HTTPPoolManager()
    with pytest.raises(RuntimeError):
        _ = pool.client
    with pytest.raises(RuntimeError):
        _ = pool.upstream
    await pool.open()
    await pool.close()
    await pool.close()
    with pytest.raises(RuntimeError):
        _ = pool.client


async def test_closing_leaves_no_resource_behind() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        pool = HTTPPoolManager()
        await pool.open()
        await pool.close()
        del pool
        gc.collect()


async def test_a_transport_can_stand_in_for_the_network() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="fake"))
    pool = HTTPPoolManager(transport=transport)
    await pool.open()
    assert (await pool.client.get("http://anything.invalid")).text == "fake"
    await pool.close()


async def test_client_and_relay_share_their_connections(pool: HTTPPoolManager) -> None:
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        return web.Response(text="ok")

    async with served(handler) as url:
        for _ in range(3):
            assert (await pool.client.get(url)).text == "ok"
            assert await read_all(await pool.upstream.send(ask(url))) == b"ok"
    assert len(peers) == 1


async def test_connections_are_counted_while_they_serve_and_rest(
    pool: HTTPPoolManager,
) -> None:
    async def handler(request: web.Request) -> web.Response:
        del request
        return web.Response(text="ok")

    assert pool.connections == ConnectionsReading(in_use=0, idle=0, opened=0)
    async with served(handler) as url:
        first, second = [await pool.upstream.send(ask(url)) for _ in range(2)]
        busy = pool.connections
        assert [await read_all(each) for each in (first, second)] == [b"ok", b"ok"]
        at_rest = pool.connections
    assert busy.in_use + busy.idle == busy.opened
    assert at_rest == ConnectionsReading(in_use=0, idle=busy.opened, opened=busy.opened)


async def test_a_stream_read_to_its_end_gives_its_connection_back(
    pool: HTTPPoolManager,
) -> None:
    peers = set()

    async def handler(request: web.Request) -> web.StreamResponse:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"data: x\n\n")
        return response

    async with served(handler) as url:
        for _ in range(5):
            assert len(await read_all(await pool.upstream.send(ask(url)))) == 27
    assert len(peers) == 1


async def test_no_cookie_is_kept(pool: HTTPPoolManager) -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("cookie"))
        response = web.Response()
        response.set_cookie("session", "secret")
        return response

    async with served(handler) as url:
        await pool.client.get(url)
        await read_all(await pool.upstream.send(ask(url)))
        await pool.client.get(url)
        await read_all(await pool.upstream.send(ask(url)))
    assert seen == [None] * 4


async def test_no_redirect_is_followed(pool: HTTPPoolManager) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.path == "/"
        raise web.HTTPFound("/elsewhere")

    async with served(handler) as url:
        assert (await pool.client.get(url)).status_code == 302
        assert (await pool.upstream.send(ask(url))).status == 302


async def test_a_refused_connection_says_so(pool: HTTPPoolManager) -> None:
    with pytest.raises(UpstreamConnectError, match=r"No connection to 127.0.0.1:9 "):
        await pool.upstream.send(ask("http://user:secret@127.0.0.1:9/v1"))


async def test_the_client_tells_a_refusal_from_a_timeout(
    pool: HTTPPoolManager,
) -> None:
    with pytest.raises(httpx.ConnectError):
        await pool.client.get("http://127.0.0.1:9/")


async def test_a_silent_upstream_times_out_per_chunk(pool: HTTPPoolManager) -> None:
    """Six chunks 0.1 s apart pass a limit of 0.3 s; silence of 0.3 s does not."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(6):
            await asyncio.sleep(0.1)
            await response.write(b"x")
        await asyncio.sleep(5)
        return response

    async with served(handler) as url:
        response = await pool.upstream.send(ask(url))
        got = [await response.chunk() for _ in range(6)]
        with pytest.raises(UpstreamTimeoutError):
            await response.chunk()
        response.close()
    assert got == [b"x"] * 6


async def test_an_answer_that_breaks_off_says_so(pool: HTTPPoolManager) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(handler) as url:
        response = await pool.upstream.send(ask(url))
        with pytest.raises(UpstreamDiedError, match="broke off"):
            await read_all(response)
        response.close()


async def test_an_upstream_that_hangs_up_without_an_answer_says_so(
    pool: HTTPPoolManager,
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with served(handler) as url:
        with pytest.raises(UpstreamDiedError, match="without an answer"):
            await pool.upstream.send(ask(url))


async def test_an_unusable_ca_file_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    pool = HTTPPoolManager(PoolOptions(ca_file=file))
    with pytest.raises(ConfigError, match=r"http\.ca_file takes a PEM file"):
        await pool.open()


async def test_a_proxy_is_used_by_client_and_relay() -> None:
    asked = []

    async def proxy(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(text="by proxy")

    async with served(proxy) as url:
        pool = HTTPPoolManager(PoolOptions(proxy=url))
        await pool.open()
        response = await pool.client.get("http://upstream.invalid/a")
        relayed = await pool.upstream.send(ask("http://upstream.invalid/b"))
        assert (response.text, await read_all(relayed)) == ("by proxy", b"by proxy")
        await pool.close()
    assert len(asked) == 2


def test_the_defaults_of_pool_and_settings_agree() -> None:
    options, http = PoolOptions(), Settings().http
    for name in ("connect_timeout", "read_timeout", "max_connections", "trust_env"):
        assert getattr(options, name) == getattr(http, name)


async def test_the_logins_of_netrc_go_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``trust_env`` is about proxies; aiohttp means ``~/.netrc`` by it, too."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password private\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("authorization"))
        return web.Response()

    async with served(handler) as url:
        pool = HTTPPoolManager(PoolOptions(trust_env=True))
        await pool.open()
        await pool.client.get(url)
        await read_all(await pool.upstream.send(ask(url)))
        await pool.close()
    assert seen == [None, None]
