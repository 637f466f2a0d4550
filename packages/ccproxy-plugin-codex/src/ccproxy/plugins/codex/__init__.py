"""ChatGPT's Codex backend, with the login that Codex CLI keeps."""

import importlib.metadata
import os
from pathlib import Path

from pydantic import Field

from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.provider import CodexProvider
from ccproxy.sdk import (
    BaseUrl,
    Contributions,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
)

HEADER_TEXT = r"^[!-~]+( [!-~]+)*$"


class CodexConfig(PluginConfig):
    """The section ``[plugins.codex]``."""

    base_url: BaseUrl = "https://chatgpt.com/backend-api/codex"
    """What `/responses` and `/models` are appended to."""

    token_url: BaseUrl = "https://auth.openai.com/oauth/token"  # noqa: S105
    """Where the login is renewed. So far Codex CLI does that itself, not ccproxy."""

    codex_home: Path | None = None
    """The folder of Codex CLI's `auth.json`; else `$CODEX_HOME`, else `~/.codex`."""

    instructions: str = Field("You are a helpful assistant.", min_length=1)
    """Sent with requests that have neither instructions nor developer messages."""

    originator: str = Field("ccproxy", pattern=HEADER_TEXT)
    """What the header `originator` says when the caller sends none."""

    client_version: str = Field("0.169.0", pattern=HEADER_TEXT)
    """The version of Codex CLI for which the backend lists its models."""


class CodexPlugin(Plugin[CodexConfig]):
    """Add the provider ``codex``."""

    manifest = Manifest(
        name="codex",
        version=importlib.metadata.version("ccproxy-plugin-codex"),
        config=CodexConfig,
    )

    def __init__(self, config: CodexConfig) -> None:
        super().__init__(config)
        usual = Path(os.environ.get("CODEX_HOME") or "~/.codex")
        home = config.codex_home or usual
        self._login = CodexCredential(home / "auth.json")

    def setup(self, add: Contributions) -> None:
        """Add the provider; the login is read by ``start``."""
        add.provider(
            CodexProvider(
                base_url=self.config.base_url,
                login=self._login,
                originator=self.config.originator,
                user_agent=f"ccproxy/{self.manifest.version}",
                instructions=self.config.instructions,
                client_version=self.config.client_version,
            )
        )

    async def start(self, ctx: PluginContext) -> None:
        """Read the login; what is wrong with it is told by the provider's status."""
        del ctx
        await self._login.load()
