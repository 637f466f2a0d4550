"""One way to have a request answered: a provider, its model and an account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccproxy.api.circuit import Key
from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Target
from ccproxy.sdk import Account, Credential, Provider


@dataclass(slots=True)
class Choice:
    """A target, and who asks it.

    Attributes:
        target: The provider and its model.
        account: For which account, if the provider has several.
        own: The caller's own credential, which goes upstream as it is.
    """

    target: Target
    account: Account | None = None
    own: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def provider(self) -> Provider:
        """The provider."""
        return self.target.provider

    @property
    def auth(self) -> Credential:
        """What signs the request, if the caller brings nothing."""
        return self.account.auth if self.account else self.provider.auth

    @property
    def account_name(self) -> str | None:
        """The account's name, if the provider has several."""
        return self.account.name if self.account else None

    @property
    def account_key(self) -> Key | None:
        """Tells the account from those of all providers."""
        return (self.provider.name, self.account.name) if self.account else None

    def __str__(self) -> str:
        whose = f" ({self.account.name})" if self.account else ""
        return f"{self.target}{whose}"


def callers_own(exchange: Exchange, provider: Provider) -> dict[str, str] | None:
    """Take the caller's own credential, never the one meant for the gateway."""
    if not provider.passthrough:
        return None
    return {
        name: exchange.headers[name.encode()].decode("latin-1")
        for name in sorted(provider.callers_own)
        if name.encode() in exchange.headers
        and name.encode() not in exchange.gateway_credential
    }
