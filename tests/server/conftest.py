"""A gateway in front of a strict vendor, and all it publishes."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack

import pytest

from ccproxy.config.merge import deep_merge
from ccproxy.plugins.anthropic import AnthropicPlugin
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.sdk import Plugin, PluginConfig
from ccproxy.testing import RunningGateway, gateway
from fakes.redis_server import redis_server
from fakes.vendor import KEY, Vendor, vendor
from fakes.world import Start, Witness


@pytest.fixture
async def fake() -> AsyncIterator[Vendor]:
    async with vendor() as running:
        yield running


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def start(fake: Vendor, witness: Witness) -> AsyncIterator[Start]:
    """Start gateways, with further settings and plugins; all stop with the test."""
    async with AsyncExitStack() as stack:

        async def run(
            settings: Mapping[str, object] | None = None,
            *plugins: type[Plugin[PluginConfig]],
        ) -> RunningGateway:
            usual: Mapping[str, object] = {
                "plugins": {
                    "openai": {"base_url": f"{fake.url}/v1", "api_key": KEY},
                    "anthropic": {"base_url": fake.url, "api_key": KEY},
                }
            }
            return await stack.enter_async_context(
                gateway(
                    OpenAIPlugin,
                    AnthropicPlugin,
                    witness.plugin(),
                    *plugins,
                    settings=deep_merge(dict(usual), dict(settings or {})),
                )
            )

        yield run


@pytest.fixture
async def running(start: Start) -> RunningGateway:
    return await start()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis; tests use keys of their own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url
