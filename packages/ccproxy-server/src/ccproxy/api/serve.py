"""Starts the gateway: ``ccproxy-server``, and what ``ccproxy serve`` runs."""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload, Multiprocess

from ccproxy.api.banner import banner
from ccproxy.api.connection import Connection
from ccproxy.api.gateway import Gateway
from ccproxy.api.lifeline import stop_on_hangup, stop_with_parent, stop_with_stdin
from ccproxy.api.listener import allow_all_files, bound
from ccproxy.api.version import VERSION
from ccproxy.config import Settings, load
from ccproxy.config.launch import Launch, parse_sets
from ccproxy.errors import CCProxyError, StartError
from ccproxy.errors.exit_codes import ExitCode, exit_code
from ccproxy.logging.pipeline import configure
from ccproxy.security.sanitizer import mask_text

STOP_SLACK = 3.0
"""Seconds beyond the grace period for terminal events to go out."""

_BACKLOG = 2048

_log = structlog.get_logger(__name__)


def script() -> None:
    """Run ``ccproxy-server``; errors are one line and an exit code, no traceback."""
    try:
        code = main(sys.argv[1:])
    except CCProxyError as error:
        told = mask_text(f"ccproxy-server: {error}", own=True)
        print(told, file=sys.stderr)  # noqa: T201
        code = exit_code(error)
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Serve until stopped.

    Args:
        arguments: The command line, without the program's name.

    Returns:
        An exit code.

    Raises:
        ConfigError: A setting is wrong.
        StartError: The gateway can't start.
    """
    options = _parser().parse_args(arguments)
    launch = Launch(options.config, parse_sets(options.set), _named(options))
    os.umask(0o077)  # whatever a library writes beside our files is private, too
    gateway = _gateway(launch)
    allow_all_files()
    listener = bound(gateway.settings.server.host, gateway.settings.server.port)
    listener.set_inheritable(True)  # by workers, and by what is started anew
    if options.stop_on_eof:
        stop_with_stdin()
    try:
        _serve(gateway, launch, listener, reload=options.reload)
    finally:
        listener.close()
    return ExitCode.OK


def create_app() -> Gateway:
    """Make the gateway in a worker, from what ``serve`` was told."""
    stop_with_parent()
    return _gateway(Launch.from_environ(os.environ), _Worker)


class _Worker(Gateway):
    """A gateway whose error nobody can catch: it is another process that runs it."""

    def not_started(self, error: CCProxyError) -> None:
        super().not_started(error)
        _log.error("worker_not_started", reason=error.message, hint=error.hint)


def _gateway(launch: Launch, kind: type[Gateway] = Gateway) -> Gateway:
    """Set up the log first, so that what plugins do wrong is told as it should be."""
    layers = launch.layers(os.environ)
    settings = load(layers)
    configure(settings.logging.level, settings.logging.format)
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    gateway = kind(layers, settings)
    # What was imported lives as long as the process. Left to the collector, walking all
    # of it again and again holds every open stream up for 20 ms at a time.
    gc.collect()
    gc.freeze()
    return gateway


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out that there is an error which we tell ourselves."""
    return record.getMessage() != "Application startup failed. Exiting."


class _AnnouncingServer(uvicorn.Server):
    """Uvicorn, that says where it listens once it does.

    Args:
        config: Uvicorn's.
        gateway: The app it runs.
    """

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit and sockets:
            _announce(self._gateway, sockets[0], started=True)


def _announce(gateway: Gateway, listener: socket.socket, *, started: bool) -> None:
    text = banner(gateway, listener.getsockname(), started=started)
    text = mask_text(text, own=True)
    with suppress(BrokenPipeError):  # nobody reads it, which is no reason to stop
        print(text, flush=True)  # noqa: T201


def _serve(
    gateway: Gateway, launch: Launch, listener: socket.socket, *, reload: bool
) -> None:
    # Uvicorn raises a signal again once it has stopped; by then it has done its work,
    # and the exit code is to say so.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    settings = gateway.settings
    stop_on_hangup()
    if not reload and settings.server.workers == 1:
        config = _config(settings, gateway)
        try:
            _AnnouncingServer(config, gateway).run(sockets=[listener])
        except SystemExit:  # uvicorn's way to say that the lifespan did not start
            if gateway.start_error is None:
                raise
            raise gateway.start_error from None
        return
    os.environ["CCPROXY_SERVE"] = launch.to_environ()
    config = _config(settings, "ccproxy.api.serve:create_app", reload=reload)
    _announce(gateway, listener, started=False)
    if reload:
        target = uvicorn.Server(config).run
        ChangeReload(config, target=target, sockets=[listener]).run()
    else:
        hangup = signal.getsignal(signal.SIGHUP)
        supervisor = Multiprocess(config, sockets=[listener])
        signal.signal(signal.SIGHUP, hangup)  # it would start all workers anew
        supervisor.run()
        if any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes):
            msg = "A worker could not start."
            raise StartError(msg, hint="Its line above tells why.")


def _config(
    settings: Settings, app: Gateway | str, *, reload: bool = False
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.server.workers,
        reload=reload,
        loop="auto",
        http=Connection,
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws_max_size=settings.server.max_body_bytes,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(settings.server.grace_seconds + STOP_SLACK),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ccproxy-server", description="Start the gateway.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"ccproxy {VERSION}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.add_argument("--host", help="address to listen on (server.host)")
    parser.add_argument("--port", help="port to listen on (server.port)")
    parser.add_argument("--workers", help="number of processes (server.workers)")
    parser.add_argument("--log-level", help="debug, info, warning or error")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="any other setting; may be given several times",
    )
    parser.add_argument(
        "--reload", action="store_true", help="restart when code changes"
    )
    parser.add_argument(
        "--stop-on-eof",
        action="store_true",
        help="stop when standard input ends, as with the program that started it",
    )
    return parser


def _named(options: argparse.Namespace) -> dict[str, str]:
    named = {
        "server.host": options.host,
        "server.port": options.port,
        "server.workers": options.workers,
        "logging.level": options.log_level,
    }
    return {key: value for key, value in named.items() if value is not None}
