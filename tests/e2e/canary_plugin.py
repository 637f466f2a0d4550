"""A plugin that spills secrets wherever a plugin can; ``test_canary`` installs it."""

import itertools
import json
import logging
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ccproxy.sdk import (
    ASGIApp,
    Contributions,
    Credential,
    Endpoint,
    LoginState,
    LoginStatus,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    Provider,
    Receive,
    Request,
    Response,
    Route,
    Scope,
    Send,
    UpstreamRequest,
)
from ccproxy.sdk.errors import CredentialError
from ccproxy.sdk.events import Event, RequestCompleted, RequestStarted

SECRETS: list[str] = json.loads(Path(os.environ["CANARY_SECRETS"]).read_text())
ALL = "\n".join(SECRETS)
COUNT = itertools.count()
ENOUGH = 4
"""Failures of hooks: masking what they spill takes most of the test's time."""


class CanaryConfig(PluginConfig):
    """Settings that an author forgot to declare as secret."""

    upstream: str
    password: str = ""
    words: tuple[str, ...] = ()


@dataclass
class Held:
    text: str


class Spilling(Credential):
    async def headers(self) -> Mapping[str, str]:
        return {"authorization": "Bearer none-of-the-canaries"}

    def status(self) -> LoginStatus:
        return LoginStatus(LoginState.READY, f"it is {ALL}", f"or {ALL}")


class Streams(Provider):
    """Only streams, so that the gateway itself answers those who want it whole."""

    async def prepare(self, request: UpstreamRequest) -> None:
        request.stream = True
        if request.model == "raise":
            local = ALL
            raise RuntimeError(local)
        if request.model == "refuse":
            raise CredentialError(f"refused {ALL}", hint=ALL)


class Middleware:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/canary/middleware":
            held = scope["headers"]
            raise RuntimeError(f"{ALL} {held!r}")
        await self._app(scope, receive, send)


class CanaryPlugin(Plugin[CanaryConfig]):
    manifest = Manifest("canary", "1", config=CanaryConfig)
    asked = 0

    def setup(self, add: Contributions) -> None:
        provider = Streams(
            name="canary",
            base_url=self.config.upstream,
            endpoints=(Endpoint.CHAT, Endpoint.MESSAGES, Endpoint.RESPONSES),
            auth=Spilling(),
        )
        add.provider(provider)
        add.profile_adapter("canary", self.whoami)
        add.routes(Route("/canary/route", fail))
        add.middleware(Middleware)
        add.hook(RequestStarted, plain_hook)
        add.hook(RequestCompleted, queued_hook)

    async def start(self, ctx: PluginContext) -> None:
        log = structlog.get_logger("canary")
        for write in (log.debug, log.info, log.warning, log.error):
            write(ALL, text=ALL, each=SECRETS, json=json.dumps({"in": [ALL]}))
            write("objects", held=Held(ALL), error=ValueError(ALL), raw=ALL.encode())
            write("headers", headers=[("x-any", each) for each in SECRETS])
        logging.getLogger("canary").error("%s and %r", ALL, SECRETS)
        logging.getLogger("canary").error("%d", ALL)
        warnings.warn(ALL, stacklevel=1)
        thread = threading.Thread(target=_fail)
        thread.start()
        thread.join()

    async def whoami(self) -> Sequence[ProfileFields]:
        self.asked += 1
        if self.asked > 1:
            raise CredentialError(f"forgotten {ALL}")
        return [ProfileFields(account="a-1", plan="canary")]


async def fail(request: Request) -> Response:
    local = request.headers
    raise RuntimeError(f"{ALL} {local}")


def plain_hook(event: Event) -> None:
    if next(COUNT) < ENOUGH:
        _fail()


async def queued_hook(event: Event) -> None:
    plain_hook(event)


def _fail() -> None:
    local = ALL
    error = RuntimeError(local)
    error.add_note(ALL)
    raise error from KeyError(ALL)
