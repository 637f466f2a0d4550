"""The socket the gateway listens on, and how many it may have."""

import errno
import resource
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

from ccproxy.errors import PortInUseError, StartError


def bound(host: str, port: int) -> socket.socket:
    """Bind the port before the server starts, so that a port in use is one clear line.

    Raises:
        PortInUseError: Another program has it.
        StartError: The address is not one of this machine.
    """
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Where the protocol is not said, asyncio takes connections for something else than
    # TCP and leaves Nagle's algorithm on: 40 ms for each answer after the first.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            who = "a ccproxy" if _is_ours(address, port) else "another program"
            msg = f"Port {port} of {address} is in use by {who}."
            hint = f"Stop it, or choose another port: --port {port + 1}"
            raise PortInUseError(msg, hint=hint) from error
        msg = f"Can't listen on {address} port {port}: {error.strerror or error}."
        raise StartError(msg, hint="Check server.host and server.port.") from error
    return listener


def allow_all_files() -> None:
    """Let this process have as many files open as the system lets it.

    Many systems begin with 1024 or less, and an answer takes two: the connections of
    its client and to its upstream.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where "any number" is not meant so
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _is_ours(address: str, port: int) -> bool:
    """Tell whether a gateway answers there."""
    connection = HTTPConnection(address, port, timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().getheader("x-ccproxy-request-id") is not None
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
