"""One of several accounts of a provider."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccproxy.sdk.credential import Credential


@dataclass(frozen=True, slots=True)
class Account:
    """A login or key that requests can be made with, beside others.

    Attributes:
        name: Tells it from the others, for people and records; never a secret.
        auth: Signs its requests.
        used_percent: How much of its shortest limit is used, if that is known.
    """

    name: str
    auth: Credential
    used_percent: float | None = None


def accounts_of(
    names: Sequence[str], credentials: Sequence[Credential]
) -> Sequence[Account]:
    """Make accounts of credentials; one alone needs no name and is none."""
    if len(credentials) < 2:
        return ()
    return [Account(*each) for each in zip(names, credentials, strict=True)]
