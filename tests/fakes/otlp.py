"""An OTLP/HTTP receiver on loopback, which reads what it is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Receiver:
    """What has been received.

    Attributes:
        url: Where it is.
        refuses: Whether it answers with an error.
        spans: All spans.
        metrics: All metrics.
        resources: The attributes of whoever sent.
        headers: The headers of each request.
    """

    url: str = ""
    refuses: bool = False
    spans: list[Span] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    resources: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def traces(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await self._body(request))
        if not self.refuses:
            for each in sent.resource_spans:
                self.resources.append(facts(each.resource.attributes))
                for scope in each.scope_spans:
                    self.spans += scope.spans
        return self._answer()

    async def measured(self, request: web.Request) -> web.Response:
        sent = ExportMetricsServiceRequest.FromString(await self._body(request))
        if not self.refuses:
            for each in sent.resource_metrics:
                for scope in each.scope_metrics:
                    self.metrics += scope.metrics
        return self._answer()

    async def _body(self, request: web.Request) -> bytes:
        assert request.headers["content-type"] == "application/x-protobuf"
        told = request.headers.items()
        self.headers.append({name.lower(): value for name, value in told})
        return await request.read()  # aiohttp has decompressed it

    def _answer(self) -> web.Response:
        return web.Response(status=503 if self.refuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.traces)
    app.router.add_post("/v1/metrics", receiver.measured)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def facts(attributes: "list[KeyValue]") -> dict[str, object]:
    """Read attributes."""
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
