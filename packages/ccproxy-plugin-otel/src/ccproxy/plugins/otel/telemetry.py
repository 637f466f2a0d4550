"""OpenTelemetry's SDK, put together as the settings and its own variables say."""

import asyncio
import os
from collections.abc import Mapping

import httpx
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.re import parse_env_headers

from ccproxy.plugins.otel import OtelConfig
from ccproxy.plugins.otel.facts import endpoint_of
from ccproxy.plugins.otel.measures import Measures
from ccproxy.plugins.otel.sending import MetricsOut, Sender, SpansOut
from ccproxy.plugins.otel.spans import Spans
from ccproxy.sdk import revealed
from ccproxy.sdk.events import RequestEnded

NAME = "ccproxy"
"""The name of the service, unless the variables of OpenTelemetry say another."""
_UNNAMED = "unknown_service"
_DEFAULT = "http://localhost:4318"


class Telemetry:
    """What is sent, and to whom; needs the running loop.

    Args:
        config: The settings.
        version: The version of ccproxy.
        http: The gateway's client.

    Attributes:
        spans: Those of requests, unless no traces are sent.
    """

    def __init__(
        self, config: OtelConfig, version: str, http: httpx.AsyncClient
    ) -> None:
        resource = Resource.create({SERVICE_VERSION: version})
        if str(resource.attributes[SERVICE_NAME]).startswith(_UNNAMED):
            resource = resource.merge(Resource({SERVICE_NAME: NAME}))
        self.spans: Spans | None = None
        self._senders: list[Sender] = []
        self._measures: Measures | None = None
        self._traces: TracerProvider | None = None
        self._meters: MeterProvider | None = None
        if config.traces:
            self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            sender = self._sender(config, "traces", http)
            self._traces.add_span_processor(BatchSpanProcessor(SpansOut(sender)))
            self.spans = Spans(self._traces.get_tracer(NAME, version))
        if config.metrics:
            reader = PeriodicExportingMetricReader(
                MetricsOut(self._sender(config, "metrics", http)),
                export_interval_millis=config.metrics_seconds * 1000,
            )
            self._meters = MeterProvider(
                [reader], resource=resource, shutdown_on_exit=False
            )
            self._measures = Measures(self._meters.get_meter(NAME, version))

    def ended(self, event: RequestEnded) -> None:
        """Tell of a request that has ended, if it was for a model."""
        if self.spans is not None:
            self.spans.ended(event)
        if self._measures is not None and endpoint_of(event.route) is not None:
            self._measures.ended(event)

    async def stop(self) -> None:
        """Send what waits; both at once, as a receiver may be gone."""
        for sender in self._senders:
            sender.leave()
        await asyncio.gather(
            *(
                asyncio.to_thread(provider.shutdown)
                for provider in (self._traces, self._meters)
                if provider is not None
            )
        )

    def _sender(
        self, config: OtelConfig, signal: str, http: httpx.AsyncClient
    ) -> Sender:
        sender = _sender(config, signal, http)
        self._senders.append(sender)
        return sender


def _sender(config: OtelConfig, signal: str, http: httpx.AsyncClient) -> Sender:
    """Make what sends a signal, which is ``traces`` or ``metrics``.

    Settings come before the variables. Source of their names and meaning:
    https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    """
    named, environ = f"OTEL_EXPORTER_OTLP_{signal.upper()}", os.environ
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or _DEFAULT
    url = environ.get(f"{named}_ENDPOINT") or f"{base.rstrip('/')}/v1/{signal}"
    if config.endpoint is not None:
        url = f"{config.endpoint}/v1/{signal}"
    headers = {
        **_headers(environ.get("OTEL_EXPORTER_OTLP_HEADERS", "")),
        **_headers(environ.get(f"{named}_HEADERS", "")),
        **revealed(config.headers),
    }
    return Sender(http, url, headers)


def _headers(text: str) -> Mapping[str, str]:
    return parse_env_headers(text, liberal=True)
