"""The OpenAI API, and every server that speaks like it.

The section itself is the provider ``openai``; each table
``[plugins.openai.instances.<name>]`` is a provider of its own, such as a local Ollama.
"""

import importlib.metadata
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from ccproxy.sdk import (
    ApiKey,
    BaseUrl,
    Contributions,
    Endpoint,
    KeySettings,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    Provider,
)

VENDOR = "https://api.openai.com/v1"
VARIABLE = "OPENAI_API_KEY"
NAME = re.compile(r"[a-z][a-z0-9_-]*")


def _provider_name(name: str) -> str:
    if NAME.fullmatch(name) and name != "openai":
        return name
    msg = "a provider's name is lower case letters, digits, '-', '_', and not 'openai'"
    raise ValueError(msg)


class Server(KeySettings):
    """An OpenAI-compatible server."""

    base_url: BaseUrl = VENDOR
    """Where the API is, usually ending in `/v1`."""

    endpoints: tuple[Endpoint, ...] = Field(
        (Endpoint.CHAT, Endpoint.RESPONSES), min_length=1
    )
    """What the server answers; many know `chat/completions` only."""


class Instance(Server):
    """A further server; its key in the table is the provider's name."""

    model_config = ConfigDict(extra="forbid")

    base_url: BaseUrl
    """Where the API is, usually ending in `/v1`."""


class OpenAIConfig(PluginConfig, Server):
    """The section ``[plugins.openai]``."""

    instances: dict[Annotated[str, AfterValidator(_provider_name)], Instance] = Field(
        default_factory=dict
    )
    """Further servers by name; each is a provider of its own."""


class OpenAIPlugin(Plugin[OpenAIConfig]):
    """Add one provider for the section and one for each instance."""

    manifest = Manifest(
        name="openai",
        version=importlib.metadata.version("ccproxy-plugin-openai"),
        config=OpenAIConfig,
    )

    def __init__(self, config: OpenAIConfig) -> None:
        super().__init__(config)
        self._keys: list[ApiKey] = []

    def setup(self, add: Contributions) -> None:
        """Add the providers; their keys are looked up by ``start``."""
        self._keys.clear()
        add.provider(self._provider("openai", self.config))
        for name, instance in self.config.instances.items():
            add.provider(self._provider(name, instance))

    async def start(self, ctx: PluginContext) -> None:
        """Look the keys up."""
        del ctx
        for key in self._keys:
            await key.load()

    def _provider(self, name: str, server: Server) -> Provider:
        key = _api_key(name, server)
        self._keys.append(key)
        return Provider(
            name=name, base_url=server.base_url, endpoints=server.endpoints, auth=key
        )


def _api_key(name: str, server: Server) -> ApiKey:
    """Say where a server's key is.

    The vendor's key never goes to another vendor's instance. The section itself takes
    it for any base URL, as OpenAI's SDKs do. A server that is not the vendor's may need
    no key at all.
    """
    own = _is_vendors(server.base_url)
    variables = (VARIABLE,) if own or name == "openai" else ()
    section = "plugins.openai" + ("" if name == "openai" else f".instances.{name}")
    return ApiKey(
        server.secret(variables=variables, keyring_user=name),
        header="authorization",
        prefix="Bearer ",
        hint=f"Set {VARIABLE}, or api_key_file in [{section}].",
        optional=not own,
    )


def _is_vendors(base_url: str) -> bool:
    """Tell OpenAI's own hosts, regional ones such as ``eu.api.openai.com`` too."""
    parts = urlsplit(base_url)
    host = f".{parts.hostname}"
    return parts.scheme == "https" and host.endswith(".api.openai.com")
