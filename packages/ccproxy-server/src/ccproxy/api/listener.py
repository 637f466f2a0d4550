"""The socket the gateway listens on."""

import errno
import socket

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
            msg = f"Port {port} of {address} is in use by another program."
            hint = f"Stop it, or choose another port: --port {port + 1}"
            raise PortInUseError(msg, hint=hint) from error
        msg = f"Can't listen on {address} port {port}: {error.strerror or error}."
        raise StartError(msg, hint="Check server.host and server.port.") from error
    return listener
