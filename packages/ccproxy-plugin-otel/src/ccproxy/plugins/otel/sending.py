"""Sends OTLP over the gateway's one HTTP client, from the threads of OpenTelemetry."""

import asyncio
import gzip
from collections.abc import Mapping, Sequence

import httpx
import structlog
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_log = structlog.get_logger(__name__)

PATIENCE = 3.0
"""Seconds that sending may take; what can't be sent by then is dropped."""


class Sender:
    """Posts what is encoded; of an outage the log tells once.

    Args:
        http: The gateway's client.
        url: Where to.
        headers: What the receiver asks for.
    """

    def __init__(
        self, http: httpx.AsyncClient, url: str, headers: Mapping[str, str]
    ) -> None:
        self._http = http
        self._url = url
        self._headers = {
            **headers,
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
        }
        self._loop = asyncio.get_running_loop()
        self._leaves_at = float("inf")
        self._is_failing = False

    def leave(self) -> None:
        """Send no longer than a few seconds from now, however much there is left."""
        self._leaves_at = self._loop.time() + PATIENCE

    def send(self, body: bytes) -> bool:
        """Send from a thread that is not the loop's; tell whether it was taken."""
        patience = min(PATIENCE, self._leaves_at - self._loop.time())
        if patience <= 0:
            return False
        packed = gzip.compress(body)  # here, as it would hold the loop up
        asked = asyncio.run_coroutine_threadsafe(self._post(packed), self._loop)
        try:
            reason = asked.result(patience)
        except TimeoutError:
            asked.cancel()
            reason = f"no answer within {PATIENCE:g} s"
        if reason is not None and not self._is_failing:
            _log.warning("telemetry_not_sent", url=self._url, reason=reason)
        if reason is None and self._is_failing:
            _log.info("telemetry_sent_again", url=self._url)
        self._is_failing = reason is not None
        return reason is None

    async def _post(self, body: bytes) -> str | None:
        """Post, and say what went wrong."""
        try:
            answer = await self._http.post(
                self._url, content=body, headers=self._headers
            )
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return str(error) or type(error).__name__
        except UnicodeError:  # it would quote the header, which may be a secret
            return "a header of OTEL_EXPORTER_OTLP_HEADERS is not ASCII"
        return None


class SpansOut(SpanExporter):
    """Sends spans.

    Args:
        sender: Posts them.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        taken = self._sender.send(encode_spans(spans).SerializeToString())
        return SpanExportResult.SUCCESS if taken else SpanExportResult.FAILURE


class MetricsOut(MetricExporter):
    """Sends metrics.

    Args:
        sender: Posts them.
    """

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self._sender = sender

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,
        **kwargs: object,
    ) -> MetricExportResult:
        """Send what was measured."""
        del timeout_millis, kwargs
        taken = self._sender.send(encode_metrics(metrics_data).SerializeToString())
        return MetricExportResult.SUCCESS if taken else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Nothing waits here."""
        del timeout_millis
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Nothing is open here."""
        del timeout_millis, kwargs
