"""ChatGPT's Codex backend, with logins of our own or the one that Codex CLI keeps."""

import importlib.metadata
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ccproxy.plugins.codex.accounts import PROVIDER, Accounts
from ccproxy.plugins.codex.auth_server import AuthServer, Registration
from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.kept_limits import KeptLimits
from ccproxy.plugins.codex.logins import CodexLogins
from ccproxy.plugins.codex.profiles import CodexProfiles
from ccproxy.plugins.codex.provider import CodexProvider
from ccproxy.plugins.codex.store import Store
from ccproxy.plugins.codex.usage import usage_url
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
    """The section ``[plugins.codex]``.

    The vendor's own words (addresses, client id, scope, ports) were measured with Codex
    CLI 0.169.0, and are as in the public repository openai/codex, ``codex-rs/login``.
    """

    base_url: BaseUrl = "https://chatgpt.com/backend-api/codex"
    """What `/responses` and `/models` are appended to."""

    issuer: BaseUrl = "https://auth.openai.com"
    """The vendor's server for logins."""

    token_url: BaseUrl | None = None
    """Where logins are renewed; by default `/oauth/token` of the issuer. They are
    revoked beside it, at `/oauth/revoke`."""

    client_id: str = Field("app_EMoamEEZ73f0CkXaXp7hrann", pattern=HEADER_TEXT)
    """The program the vendor takes us for; it knows Codex CLI's alone."""

    scope: str = Field(
        "openid profile email offline_access api.connectors.read api.connectors.invoke",
        min_length=1,
    )
    """What a login asks for."""

    callback_ports: tuple[Annotated[int, Field(ge=0, le=65535)], ...] = Field(
        (1455, 1457), min_length=1
    )
    """Ports of this machine to which the vendor sends a browser back."""

    login_timeout: float = Field(900.0, gt=0)
    """Seconds a person may take to log in."""

    store: Literal["file", "keyring"] = "file"
    """Where new logins are kept: in private files, or in the system's keyring."""

    rotate: bool = False
    """Whether requests are made for all accounts that have a login, and not only for
    the one in use: a conversation stays with its account, and another takes over where
    one is limited or refused."""

    codex_home: Path | None = None
    """The folder of Codex CLI's `auth.json`; else `$CODEX_HOME`, else `~/.codex`."""

    instructions: str = "Answer the user."
    """Sent with requests that have neither instructions nor developer messages, which
    the backend has refused. If empty, nothing is sent."""

    aliases: dict[str, str] = Field(default_factory=dict)
    """Other names for models: `{"fast" = "gpt-5.5-mini"}`."""

    originator: str = Field("ccproxy", pattern=HEADER_TEXT)
    """What the header `originator` says when the caller sends none."""

    client_version: str = Field("0.169.0", pattern=HEADER_TEXT)
    """The version of Codex CLI for which the backend lists its models."""


class CodexPlugin(Plugin[CodexConfig]):
    """Add the provider ``codex``."""

    manifest = Manifest(
        name=PROVIDER,
        version=importlib.metadata.version("ccproxy-plugin-codex"),
        config=CodexConfig,
    )

    def __init__(self, config: CodexConfig) -> None:
        super().__init__(config)
        usual = Path(os.environ.get("CODEX_HOME") or "~/.codex")
        self._codex_cli = (config.codex_home or usual) / "auth.json"
        self._user_agent = f"ccproxy/{self.manifest.version}"
        self._credential = CodexCredential()
        self._profiles = CodexProfiles(
            self._credential,
            usage_url(config.base_url),
            {"originator": config.originator, "user-agent": self._user_agent},
        )

    def setup(self, add: Contributions) -> None:
        """Add the provider and its logins, which are read by ``start``."""
        config = self.config
        add.profile_adapter(PROVIDER, self._profiles)
        add.provider(
            CodexProvider(
                base_url=config.base_url,
                login=self._credential,
                originator=config.originator,
                user_agent=self._user_agent,
                instructions=config.instructions,
                aliases=config.aliases,
                client_version=config.client_version,
                note_limits=self._profiles.note,
                used=self._profiles.used if config.rotate else None,
            )
        )
        add.logins(
            PROVIDER,
            CodexLogins(
                self._credential,
                ports=config.callback_ports,
                patience=config.login_timeout,
            ),
        )

    async def start(self, ctx: PluginContext) -> None:
        """Read the logins; what is wrong with them is told by the provider's status."""
        config = self.config
        registration = Registration(
            issuer=config.issuer,
            token_url=config.token_url or f"{config.issuer}/oauth/token",
            client_id=config.client_id,
            scope=config.scope,
            originator=config.originator,
            user_agent=self._user_agent,
        )
        accounts = Accounts(
            Store(ctx.data_dir / PROVIDER, keyring=config.store == "keyring"),
            AuthServer(ctx.http, registration),
            self._codex_cli,
            publish=ctx.publish,
        )
        await accounts.open()
        self._credential.open(accounts)
        self._profiles.open(KeptLimits(PROVIDER, ctx.profiles))

    async def stop(self) -> None:
        """Let renewals and writings that have begun come to their end."""
        await self._profiles.close()
        await self._credential.accounts.close()
