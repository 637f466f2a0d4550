"""The layers around every request, put together in one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccproxy.api.api import api_paths, build_api
from ccproxy.api.capture import Capture
from ccproxy.api.choices import Choices
from ccproxy.api.forward import Admit, Forward, admit_all
from ccproxy.api.middleware.access import Access
from ccproxy.api.middleware.lifecycle import Lifecycle
from ccproxy.api.models import Models
from ccproxy.api.router import Router
from ccproxy.api.routing import ModelTable, PathTable
from ccproxy.api.socket import ResponsesSocket
from ccproxy.api.streams import OpenStreams
from ccproxy.config import Settings
from ccproxy.config.address import is_loopback
from ccproxy.hooks.bus import HookBus
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.manager import PluginManager
from ccproxy.sdk import ASGIApp
from ccproxy.services.client_keys import ClientKeys
from ccproxy.services.container import ServiceContainer
from ccproxy.services.pricing import Pricing
from ccproxy.services.spending import Spending
from ccproxy.storage.bodies import BodyStorage

if TYPE_CHECKING:
    from ccproxy.api.limits.limiting import Limiting


@dataclass(frozen=True, slots=True)
class Stack:
    """All layers.

    Attributes:
        http: Serves requests.
        websocket: Serves sockets, each frame of which is a request.
    """

    http: ASGIApp
    websocket: ASGIApp


def build_stack(container: ServiceContainer, tokens: Iterable[str]) -> Stack:
    """Stack the layers; the first named is the innermost.

    Args:
        container: Holds what they work with.
        tokens: The client tokens.
    """
    settings = container.get(Settings)
    plugins = container.get(PluginManager)
    bus = container.get(HookBus)
    api = build_api(container)
    limiting = _limiting(container)
    admit = limiting.admit if limiting else admit_all
    app = plugins.wrap(_router(container, api, admit))
    if limiting:
        app = limiting.before(app)
    access = Access(
        app,
        tokens=tokens,
        hosts=(*settings.security.allowed_hosts, settings.server.host),
        origins=settings.security.allowed_origins,
        exposed=not is_loopback(settings.server.host),
        keys=container.get(ClientKeys).find if settings.security.keys else None,
    )
    paths = PathTable(plugins.routes, api_paths(), plugins.providers)
    container.provide(PathTable, paths)
    http = Lifecycle(access, paths, bus, _capture(container))
    return Stack(http, ResponsesSocket(http, access, paths))


def _capture(container: ServiceContainer) -> Capture | None:
    wanted = container.get(Settings).capture
    if not wanted.providers:
        return None
    return Capture(container.get(BodyStorage), wanted.providers, wanted.max_bytes)


def _limiting(container: ServiceContainer) -> "Limiting | None":
    settings = container.get(Settings)
    on = settings.limits.enabled, settings.security.keys, settings.guard.enabled
    if not any(on):
        return None
    # Imported here: the library costs a tenth of a second at start, and memory.
    from ccproxy.api.limits.guard import Guard  # noqa: PLC0415
    from ccproxy.api.limits.limiting import Limiting  # noqa: PLC0415

    spending = container.get(Spending) if settings.keeps_spending else None
    bus = container.get(HookBus)
    guard = Guard(settings.guard, bus) if settings.guard.enabled else None
    limiting = Limiting(settings.limits, container.get(Pricing), spending, guard)
    return container.provide(Limiting, limiting, close=limiting.close)


def _router(container: ServiceContainer, api: ASGIApp, admit: Admit) -> ASGIApp:
    models = container.get(ModelTable)
    pool = container.get(HTTPPoolManager)
    forward = Forward(
        models,
        container.get(Choices),
        pool.upstream,
        streams=container.get(OpenStreams),
        bus=container.get(HookBus),
        admit=admit,
        max_body=container.get(Settings).server.max_body_bytes,
    )
    return Router(forward, Models(models, pool.client), api)
