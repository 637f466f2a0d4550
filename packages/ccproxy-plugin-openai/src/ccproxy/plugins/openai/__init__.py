"""The OpenAI API, and every server that speaks like it.

The section itself is the provider ``openai``; each table
``[plugins.openai.instances.<name>]`` is a provider of its own, such as a local Ollama.
"""

import importlib.metadata
import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, ConfigDict, Field

from ccproxy.plugins.openai.mistral import MistralProvider
from ccproxy.plugins.openai.provider import OpenAIProvider
from ccproxy.sdk import (
    ApiKey,
    BaseUrl,
    Contributions,
    Endpoint,
    KeysSettings,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    Provider,
    accounts_of,
    key_profile,
)

VENDOR = "https://api.openai.com/v1"
VARIABLE = "OPENAI_API_KEY"
ORGANIZATION_HEADER = "openai-organization"
"""In each answer; source: https://platform.openai.com/docs/api-reference/debugging-requests"""
NAME = re.compile(r"[a-z][a-z0-9_-]*")


def _provider_name(name: str) -> str:
    if NAME.fullmatch(name) and name != "openai":
        return name
    msg = (
        "should be named otherwise: lower case letters, digits, '-', '_', not 'openai'"
    )
    raise ValueError(msg)


class Server(KeysSettings):
    """An OpenAI-compatible server."""

    base_url: BaseUrl = VENDOR
    """Where the API is, usually ending in `/v1`."""

    endpoints: tuple[Endpoint, ...] = Field(
        (Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.COMPACT), min_length=1
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

    _http: httpx.AsyncClient

    def __init__(self, config: OpenAIConfig) -> None:
        super().__init__(config)
        self._keys: list[ApiKey] = []

    def setup(self, add: Contributions) -> None:
        """Add the providers; their keys are looked up by ``start``."""
        self._keys.clear()
        for name, server in {"openai": self.config, **self.config.instances}.items():
            keys = _api_keys(name, server)
            kind = _kind_of(server.base_url)
            provider = kind(
                name=name,
                base_url=server.base_url,
                endpoints=server.endpoints,
                auth=keys[0],
                accounts=accounts_of(server.account_names, keys),
            )
            self._keys += keys
            add.provider(provider)
            add.profile_adapter(name, partial(self._whoami, provider, keys[0]))

    async def start(self, ctx: PluginContext) -> None:
        """Look the keys up."""
        self._http = ctx.http
        for key in self._keys:
            await key.load()

    async def _whoami(self, provider: Provider, key: ApiKey) -> Sequence[ProfileFields]:
        return await key_profile(
            self._http, provider, key, organization=ORGANIZATION_HEADER
        )


def _api_keys(name: str, server: Server) -> Sequence[ApiKey]:
    """Say where a server's keys are; most have one.

    The vendor's key never goes to another vendor's instance. The section itself takes
    it for any base URL, as OpenAI's SDKs do. A server that is not the vendor's may need
    no key at all.
    """
    own = _is_vendors(server.base_url)
    variables = (VARIABLE,) if own or name == "openai" else ()
    section = "plugins.openai" + ("" if name == "openai" else f".instances.{name}")
    return [
        ApiKey(
            secret,
            header="authorization",
            prefix="Bearer ",
            hint=f"Set {VARIABLE}, or api_key_file in [{section}].",
            optional=not own,
        )
        for secret in server.secrets(variables=variables, keyring_user=name)
    ]


def _kind_of(base_url: str) -> type[Provider]:
    """Choose what knows the ways of a server."""
    if _is_vendors(base_url):
        return OpenAIProvider
    is_mistrals = urlsplit(base_url).hostname == "api.mistral.ai"
    return MistralProvider if is_mistrals else Provider


def _is_vendors(base_url: str) -> bool:
    """Tell OpenAI's own hosts, regional ones such as ``eu.api.openai.com`` too."""
    parts = urlsplit(base_url)
    host = f".{parts.hostname}"
    return parts.scheme == "https" and host.endswith(".api.openai.com")
