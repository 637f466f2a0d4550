"""Headers that a receiver asks for, as settings give them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, SecretStr


def _sendable(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Check headers; the message never quotes one, for most are secret."""
    for name, value in headers.items():
        text = name + value.get_secret_value()
        if not (name and text.isascii() and text.isprintable()):
            msg = "a header holds what no header can"
            raise ValueError(msg)
    return headers


SecretHeaders = Annotated[dict[str, SecretStr], AfterValidator(_sendable)]
"""Headers by name, such as an API key; masked wherever they are shown."""


def revealed(headers: Mapping[str, SecretStr]) -> dict[str, str]:
    """Return headers as they are sent."""
    return {name: value.get_secret_value() for name, value in headers.items()}
