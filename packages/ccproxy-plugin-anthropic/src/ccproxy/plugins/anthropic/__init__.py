"""The Anthropic API, with a key of the gateway's or with the caller's own login."""

import importlib.metadata

from ccproxy.plugins.anthropic.provider import AnthropicProvider
from ccproxy.sdk import (
    ApiKey,
    BaseUrl,
    Contributions,
    KeySettings,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
)

VENDOR = "https://api.anthropic.com"
VARIABLE = "ANTHROPIC_API_KEY"


class AnthropicConfig(PluginConfig, KeySettings):
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

    def __init__(self, config: AnthropicConfig) -> None:
        super().__init__(config)
        base_url = config.base_url.removesuffix("/v1")
        self._key = ApiKey(
            config.secret(variables=[VARIABLE], keyring_user="anthropic"),
            header="x-api-key",
            hint=f"Set {VARIABLE}, or api_key_file in [plugins.anthropic]; "
            "with passthrough = true callers bring their own.",
            optional=base_url != VENDOR,
        )
        self._provider = AnthropicProvider(
            base_url=base_url,
            version=config.version,
            key=self._key,
            passthrough=config.passthrough,
        )

    def setup(self, add: Contributions) -> None:
        """Add the provider; its key is looked up by ``start``."""
        add.provider(self._provider)

    async def start(self, ctx: PluginContext) -> None:
        """Look the key up."""
        del ctx
        await self._key.load()
