"""The operating system's keyring, through the optional package ``keyring``."""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from ccproxy.sdk.errors import CredentialError

SERVICE = "ccproxy"
"""The service under which the keyring keeps everything of ours."""


def get(user: str) -> str | None:
    """Read an entry, if there is one. Blocks.

    Raises:
        CredentialError: There is no keyring, or it is locked.
    """
    with _keyring() as keyring:
        text: str | None = keyring.get_password(SERVICE, user)
        return text


def put(user: str, text: str) -> None:
    """Write an entry. Blocks; raises as ``get`` does."""
    with _keyring() as keyring:
        keyring.set_password(SERVICE, user, text)


def remove(user: str) -> None:
    """Remove an entry, if there is one. Blocks; raises as ``get`` does."""
    with _keyring() as keyring:
        if keyring.get_password(SERVICE, user) is not None:
            keyring.delete_password(SERVICE, user)


@contextmanager
def _keyring() -> Iterator[ModuleType]:
    """Lend the package; what its backends raise need not be of its own kind."""
    if importlib.util.find_spec("keyring") is None:
        raise CredentialError(
            "The keyring can't be used: the package keyring is not installed.",
            hint='pip install "ccproxy-plugin-codex[keyring]", or set '
            'plugins.codex.store = "file".',
        )
    keyring = importlib.import_module("keyring")
    errors = importlib.import_module("keyring.errors")
    try:
        yield keyring
    except (errors.KeyringError, OSError, RuntimeError, ValueError) as error:
        raise CredentialError(
            f"The keyring can't be used: {type(error).__name__}.",
            hint='Unlock it, or set plugins.codex.store = "file".',
        ) from error
