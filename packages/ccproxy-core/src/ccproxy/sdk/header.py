"""Headers that a receiver asks for, as settings give them."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, SecretStr

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Source: RFC 9110, section 5.6.2."""


def _sendable(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Check headers; the message never quotes one, for most are secret."""
    for name, value in headers.items():
        text = value.get_secret_value()
        if not (_NAME.fullmatch(name) and text.isascii() and text.isprintable()):
            msg = "holds what no header can"
            raise ValueError(msg)
    return headers


SecretHeaders = Annotated[dict[str, SecretStr], AfterValidator(_sendable)]
"""Headers by name, such as an API key; masked wherever they are shown."""


def revealed(headers: Mapping[str, SecretStr]) -> dict[str, str]:
    """Return headers as they are sent."""
    return {name: value.get_secret_value() for name, value in headers.items()}
