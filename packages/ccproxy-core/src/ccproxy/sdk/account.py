"""One of several accounts of a provider."""

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
