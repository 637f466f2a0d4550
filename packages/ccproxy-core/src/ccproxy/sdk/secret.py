"""Where an API key comes from.

Looked at in this order: the settings, a file, the vendor's environment variables, the
keyring of the operating system. Files and keyrings block, so they are read in a thread.
"""

import asyncio
import importlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from ccproxy.errors import CredentialError

KEYRING_SERVICE = "ccproxy"
"""The service under which the keyring keeps keys; the user is the provider's name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key and where it was.

    Attributes:
        key: Never shown.
        source: The place, in words that complete "API key from …".
    """

    key: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The places a key may be in.

    Attributes:
        value: The key itself, from the settings.
        file: A file that holds nothing but the key.
        variables: Environment variables, the first that is not empty counts.
        keyring_user: The user of the keyring's entry, or ``None`` not to look there.
            Without the package ``keyring`` nothing is looked up.
    """

    value: SecretStr | None = None
    file: Path | None = None
    variables: Sequence[str] = ()
    keyring_user: str | None = None

    async def find(self, environ: Mapping[str, str] = os.environ) -> Found | None:
        """Look in one place after the other.

        Raises:
            CredentialError: A file or keyring can't be read, or what is there can't
                be sent as a header.
        """
        if self.value and (key := self.value.get_secret_value()):
            return _checked(key, "the settings")
        if self.file:
            return await asyncio.to_thread(_from_file, self.file)
        for variable in self.variables:
            if key := environ.get(variable, "").strip():
                return _checked(key, variable)
        if self.keyring_user:
            return await asyncio.to_thread(_from_keyring, self.keyring_user)
        return None


class KeySettings(BaseModel):
    """The two settings of a section that holds an API key."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    api_key: SecretStr | None = None
    """The API key. Better kept in `api_key_file` or the environment."""

    api_key_file: Path | None = None
    """A file that holds nothing but the API key."""

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.api_key and self.api_key_file:
            msg = "api_key and api_key_file exclude each other"
            raise ValueError(msg)
        return self

    def secret(
        self, *, variables: Sequence[str] = (), keyring_user: str | None = None
    ) -> Secret:
        """Name all places of this section's key; see ``Secret``."""
        return Secret(
            value=self.api_key,
            file=self.api_key_file,
            variables=variables,
            keyring_user=keyring_user,
        )


class KeysSettings(KeySettings):
    """The settings of a section that holds an API key, or several."""

    api_key_files: tuple[Path, ...] = ()
    """Files with one API key each, for several accounts. A conversation stays with its
    key; the others are used where one is refused or limited."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if self.api_key_files and (self.api_key or self.api_key_file):
            msg = "api_key_files stands in place of api_key and api_key_file"
            raise ValueError(msg)
        if len(set(self.account_names)) < len(self.api_key_files):
            msg = "api_key_files should differ in their names: these tell the accounts"
            raise ValueError(msg)
        return self

    @property
    def account_names(self) -> tuple[str, ...]:
        """Names of the accounts, if there are several keys."""
        return tuple(path.stem for path in self.api_key_files)

    def secrets(
        self, *, variables: Sequence[str] = (), keyring_user: str | None = None
    ) -> Sequence[Secret]:
        """Name the places of all keys: the files, or those of the one key."""
        if self.api_key_files:
            return [Secret(file=path) for path in self.api_key_files]
        return [self.secret(variables=variables, keyring_user=keyring_user)]


def _from_file(path: Path) -> Found:
    try:
        key = path.expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        msg = f"The API key file {path} can't be read: {reason}."
        raise CredentialError(msg, hint="Check api_key_file.") from error
    if not key:
        msg = f"The API key file {path} is empty."
        raise CredentialError(msg, hint="Check api_key_file.")
    return _checked(key, str(path))


def _from_keyring(user: str) -> Found | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring = importlib.import_module("keyring")
    errors = importlib.import_module("keyring.errors")
    try:
        key = keyring.get_password(KEYRING_SERVICE, user)
    except errors.NoKeyringError:
        return None
    except errors.KeyringError as error:
        msg = f"The keyring can't be read: {type(error).__name__}."
        raise CredentialError(
            msg, hint="Unlock it, or set the key elsewhere."
        ) from error
    return _checked(key, f"the keyring ({KEYRING_SERVICE}/{user})") if key else None


def _checked(key: str, source: str) -> Found:
    if key.isascii() and key.isprintable() and " " not in key:
        return Found(key, source)
    msg = f"The API key from {source} holds characters no key has."
    raise CredentialError(msg, hint="Look for line breaks, spaces and quotes.")
