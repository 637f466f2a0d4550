"""Answering a scrape from a registry of our own.

The library's global registry is left alone: whatever else runs in this process keeps
its metrics there.
"""

import asyncio

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from ccproxy.plugins.metrics.accept import wants_openmetrics
from ccproxy.sdk import Request, Response

PREFIX = "ccproxy"
"""What the names of all our own metrics begin with."""


class Scrape:
    """Answers ``/metrics``.

    Args:
        version: The version of ccproxy, told by ``ccproxy_build_info``.
    """

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        build = Info(
            "build", "The running build.", namespace=PREFIX, registry=self._registry
        )
        build.info({"version": version})

    async def __call__(self, request: Request) -> Response:
        """Write all metrics in the format asked for.

        Collecting reads ``/proc`` and takes locks, so it runs in a thread.
        """
        if wants_openmetrics(request.headers.get("accept", "")):
            body = await asyncio.to_thread(openmetrics.generate_latest, self._registry)
            return Response(body, media_type=openmetrics.CONTENT_TYPE_LATEST)
        body = await asyncio.to_thread(generate_latest, self._registry)
        return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)
