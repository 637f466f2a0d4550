"""The Anthropic API, with a key of the gateway's or with the caller's own login."""

import importlib.metadata
from collections.abc import Sequence

import httpx

from ccproxy.plugins.anthropic.provider import VERSION_HEADER, AnthropicProvider
from ccproxy.sdk import (
    ApiKey,
    BaseUrl,
    Contributions,
    KeysSettings,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    key_profile,
)

VENDOR = "https://api.anthropic.com"
VARIABLE = "ANTHROPIC_API_KEY"
ORGANIZATION_HEADER = "anthropic-organization-id"
"""In each answer; source: https://docs.claude.com/en/api/overview#response-headers"""


class AnthropicConfig(PluginConfig, KeysSettings):
    """The section ``[plugins.anthropic]``."""

    base_url: BaseUrl = VENDOR
    """Where the API is, with or without `/v1` at its end."""

    passthrough: bool = False
    """Whether a caller's own key or token goes upstream in place of the key here."""

    version: str = "2023-06-01"
    """The `anthropic-version` of requests that come without one."""


class AnthropicPlugin(Plugin[AnthropicConfig]):
    """Add the provider ``anthropic``."""

    manifest = Manifest(
        name="anthropic",
        version=importlib.metadata.version("ccproxy-plugin-anthropic"),
        config=AnthropicConfig,
    )

    _http: httpx.AsyncClient

    def __init__(self, config: AnthropicConfig) -> None:
        super().__init__(config)
        base_url = config.base_url.removesuffix("/v1")
        self._keys = [
            ApiKey(
                secret,
                header="x-api-key",
                hint=f"Set {VARIABLE}, or api_key_file in [plugins.anthropic]; "
                "with passthrough = true callers bring their own.",
                optional=base_url != VENDOR,
            )
            for secret in config.secrets(variables=[VARIABLE], keyring_user="anthropic")
        ]
        self._provider = AnthropicProvider(
            base_url=base_url,
            version=config.version,
            keys=self._keys,
            names=config.account_names,
            passthrough=config.passthrough,
        )

    def setup(self, add: Contributions) -> None:
        """Add the provider; its keys are looked up by ``start``."""
        add.provider(self._provider)
        add.profile_adapter("anthropic", self._whoami)

    async def start(self, ctx: PluginContext) -> None:
        """Look the keys up."""
        self._http = ctx.http
        for key in self._keys:
            await key.load()

    async def _whoami(self) -> Sequence[ProfileFields]:
        return await key_profile(
            self._http,
            self._provider,
            self._keys[0],
            organization=ORGANIZATION_HEADER,
            headers={VERSION_HEADER: self.config.version},
        )
