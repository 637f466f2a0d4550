"""The client tokens of the settings, and whether they are needed."""

import ipaddress

from ccproxy.config.sections import Security
from ccproxy.errors import ConfigError


def client_tokens(security: Security) -> tuple[str, ...]:
    """Gather the tokens from the settings and from their file.

    Raises:
        ConfigError: The file can't be read, or a token is empty.
    """
    tokens = [token.get_secret_value() for token in security.client_tokens]
    file = security.client_tokens_file
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"security.client_tokens_file: {file} can't be read."
            raise ConfigError(msg, hint=str(error)) from error
        tokens += [line.strip() for line in lines if line.strip()]
    if any(not token.strip() for token in tokens):
        msg = "security.client_tokens holds an empty token."
        raise ConfigError(msg, hint="Give every token at least one character.")
    return tuple(dict.fromkeys(tokens))


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
