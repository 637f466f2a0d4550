"""What a running gateway tells of itself, as far as commands show it."""

from pydantic import BaseModel, ConfigDict


class Summary(BaseModel):
    """What ``/api/status`` tells."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str


class AccountSummary(BaseModel):
    """What is shown of one of a provider's several accounts."""

    model_config = ConfigDict(frozen=True)

    name: str
    login: str
    used_percent: float | None
    resting_seconds: float


class CircuitSummary(BaseModel):
    """What is shown of a model that has failed of late."""

    model_config = ConfigDict(frozen=True)

    model: str
    state: str
    seconds: float


class ProviderSummary(BaseModel):
    """What is shown of a provider."""

    model_config = ConfigDict(frozen=True)

    name: str
    login: str
    detail: str
    hint: str | None
    usable: bool
    accounts: tuple[AccountSummary, ...] = ()
    circuits: tuple[CircuitSummary, ...] = ()


class ProvidersSummary(BaseModel):
    """What ``/api/providers`` tells."""

    model_config = ConfigDict(frozen=True)

    providers: tuple[ProviderSummary, ...]
    default: str | None
