"""Traces and metrics of requests to models, for OpenTelemetry."""

import importlib.metadata
from typing import TYPE_CHECKING

from pydantic import Field

from ccproxy.sdk import (
    ASGIApp,
    BaseUrl,
    Contributions,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    SecretHeaders,
)
from ccproxy.sdk.events import RequestCompleted, RequestEnded, RequestFailed

if TYPE_CHECKING:
    from ccproxy.plugins.otel.telemetry import Telemetry


class OtelConfig(PluginConfig):
    """The section ``[plugins.otel]``."""

    enabled: bool = False
    """Whether traces and metrics are sent."""
    endpoint: BaseUrl | None = None
    """Where an OTLP/HTTP receiver is, such as http://127.0.0.1:4318; not set, the
    variables of OpenTelemetry hold, such as OTEL_EXPORTER_OTLP_ENDPOINT."""
    headers: SecretHeaders = Field(default_factory=dict)
    """Headers the receiver asks for, such as an API key."""
    traces: bool = True
    """Whether each request to a model is a span."""
    metrics: bool = True
    """Whether durations and tokens are sent as metrics."""
    metrics_seconds: float = Field(default=60.0, ge=1)
    """How often metrics are sent."""


class OtelPlugin(Plugin[OtelConfig]):
    """Follow each request to a model, and tell a receiver of it over OTLP/HTTP."""

    manifest = Manifest(
        name="otel",
        version=importlib.metadata.version("ccproxy-plugin-otel"),
        config=OtelConfig,
    )

    def __init__(self, config: OtelConfig) -> None:
        super().__init__(config)
        self._telemetry: Telemetry | None = None

    def setup(self, add: Contributions) -> None:
        """Follow requests from where they are let in to where they end."""
        add.middleware(self._traced)
        add.hook(RequestCompleted, self._ended)
        add.hook(RequestFailed, self._ended)

    async def start(self, ctx: PluginContext) -> None:
        """Begin to send; OpenTelemetry's libraries are imported here, if at all."""
        from ccproxy.plugins.otel.telemetry import Telemetry  # noqa: PLC0415

        self._telemetry = Telemetry(self.config, self.manifest.version, ctx.http)

    async def stop(self) -> None:
        """Send what waits."""
        telemetry, self._telemetry = self._telemetry, None
        if telemetry is not None:
            await telemetry.stop()

    def _traced(self, app: ASGIApp) -> ASGIApp:
        """Wrap the gateway; the app is put together once the plugin has started."""
        spans = self._telemetry.spans if self._telemetry is not None else None
        return app if spans is None else spans.around(app)

    def _ended(self, event: RequestEnded) -> None:
        if self._telemetry is not None:
            self._telemetry.ended(event)
