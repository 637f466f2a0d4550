"""The provider that needs no network and no login.

It answers in all dialects, always the same to the same request, so clients and
plugins can be tried without an account. The model's name says what happens:

===========================  ==================================================
``sandbox-echo``             repeats the last text of the user
``sandbox-tools``            calls the first tool with arguments that fit its
                             schema, two tools if the text says "both"; after a
                             tool's result it quotes the result
``sandbox-reasoning``        thinks, then repeats
``sandbox-image``            tells how many images came, and of what media type
``sandbox-slow[-<ms>]``      repeats, with 100 (or that many) ms between chunks
``sandbox-die``              breaks off in the middle of its answer
``sandbox-error-<status>``   answers with that status, 400 to 599
===========================  ==================================================

Any name that does not begin with ``sandbox-`` behaves like ``sandbox-echo``.
"""

import importlib.metadata
from collections.abc import Sequence

import httpx

from ccproxy.plugins.sandbox.script import MODELS
from ccproxy.plugins.sandbox.upstream import SandboxUpstream
from ccproxy.sdk import (
    Contributions,
    Credential,
    Endpoint,
    Manifest,
    Model,
    Plugin,
    PluginConfig,
    Provider,
)


class SandboxProvider(Provider):
    """Speaks everything, to nobody; its host can't exist (RFC 6761)."""

    def __init__(self) -> None:
        super().__init__(
            name="sandbox",
            base_url="http://sandbox.invalid/v1",
            endpoints=tuple(Endpoint),
            upstream=SandboxUpstream(),
        )

    async def models(
        self, http: httpx.AsyncClient, auth: Credential
    ) -> Sequence[Model]:
        """List the documented models without asking anybody."""
        del http, auth
        return [
            Model(name, display_name=f"{name}: {what}") for name, what in MODELS.items()
        ]


class SandboxPlugin(Plugin[PluginConfig]):
    """Add the provider ``sandbox``."""

    manifest = Manifest(
        name="sandbox", version=importlib.metadata.version("ccproxy-server")
    )

    def setup(self, add: Contributions) -> None:
        """Add the provider."""
        add.provider(SandboxProvider())
