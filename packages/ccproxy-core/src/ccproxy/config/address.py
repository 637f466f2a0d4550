"""Where the gateway is reached, and by whom: facts that follow from the settings."""

import ipaddress

from ccproxy.config.sections import Security
from ccproxy.errors import ConfigError


def base_url(host: str, port: int) -> str:
    """Return the URL at which a program of this machine reaches a bound address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def client_tokens(security: Security) -> tuple[str, ...]:
    """Return the client tokens of the settings and of their file, each once.

    Raises:
        ConfigError: The file can't be read.
    """
    tokens = [token.get_secret_value() for token in security.client_tokens]
    file = security.client_tokens_file
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigError(
                f"security.client_tokens_file: {file} can't be read: {reason}.",
                hint="It holds one token per line.",
            ) from error
        found = [line.strip() for line in lines if line.strip()]
        if not found:
            raise ConfigError(
                f"security.client_tokens_file: {file} holds no token.",
                hint="It holds one token per line.",
            )
        tokens += found
    return tuple(dict.fromkeys(tokens))
