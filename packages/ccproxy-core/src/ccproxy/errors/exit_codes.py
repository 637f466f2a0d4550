"""What a program's exit code says; the documentation's table is made from here."""

from enum import IntEnum

from ccproxy.errors import (
    CCProxyError,
    ConfigError,
    CredentialError,
    ExposedError,
    NotInstalledError,
    PluginError,
    PortInUseError,
    StorageError,
    UpstreamConnectError,
)


class ExitCode(IntEnum):
    """The exit codes of ``ccproxy`` and ``ccproxy-server``."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    PLUGIN = 4
    NOT_INSTALLED = 5
    PORT_IN_USE = 6
    EXPOSED = 7
    CREDENTIAL = 8
    NOT_RUNNING = 9
    STORAGE = 10
    INTERRUPTED = 130


MEANING: dict[ExitCode, str] = {
    ExitCode.OK: "all went well",
    ExitCode.FAILED: "something went wrong that has no code of its own",
    ExitCode.USAGE: "the command line can't be understood",
    ExitCode.CONFIG: "a setting is unknown, of the wrong type, or unreadable",
    ExitCode.PLUGIN: "a plugin is broken",
    ExitCode.NOT_INSTALLED: "a wheel that is needed is not installed",
    ExitCode.PORT_IN_USE: "another program listens on the port",
    ExitCode.EXPOSED: "the gateway would listen beyond loopback without a token",
    ExitCode.CREDENTIAL: "a login or key is missing, expired or unreadable",
    ExitCode.NOT_RUNNING: "no gateway answers",
    ExitCode.STORAGE: "the database can't be used, or is not as the code needs it",
    ExitCode.INTERRUPTED: "stopped with Ctrl-C",
}

_CODES: tuple[tuple[type[CCProxyError], ExitCode], ...] = (
    (ConfigError, ExitCode.CONFIG),
    (NotInstalledError, ExitCode.NOT_INSTALLED),
    (PluginError, ExitCode.PLUGIN),
    (PortInUseError, ExitCode.PORT_IN_USE),
    (ExposedError, ExitCode.EXPOSED),
    (CredentialError, ExitCode.CREDENTIAL),
    (StorageError, ExitCode.STORAGE),
    (UpstreamConnectError, ExitCode.NOT_RUNNING),
)


def exit_code(error: CCProxyError) -> ExitCode:
    """Find the code of an error; subclasses stand before their parents."""
    return next(
        (code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILED
    )
