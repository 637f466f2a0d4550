"""``/api/**``: what the gateway is made of and how it is."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends

from ccproxy.api.choices import Choices
from ccproxy.api.dependencies import (
    get_choices,
    get_models,
    get_plugins,
    get_request_log,
)
from ccproxy.api.routing import ModelTable
from ccproxy.api.version import VERSION
from ccproxy.loader.isolation import isolated, login_of
from ccproxy.loader.manager import PluginManager
from ccproxy.loader.status import PluginsStatus, PluginState, Shown
from ccproxy.sdk import Provider
from ccproxy.services.request_log import RequestLog

router = APIRouter(prefix="/api", tags=["status"])


class CircuitStatus(Shown):
    """A model that is passed over, where there is another choice."""

    model: str
    """The model, as the provider is asked for it."""
    state: str
    """``open``: nobody asks; ``half-open``: the next request tries."""
    seconds: float
    """How long it stays open; 0 once it is half open."""


class AccountStatus(Shown):
    """One of several accounts."""

    name: str
    """What records call it."""
    login: str
    """As in the provider's ``login``."""
    detail: str
    """The login in words."""
    usable: bool
    """Whether requests can be signed right now."""
    used_percent: float | None
    """How much of its shortest limit is used, if that is known."""
    resting_seconds: float
    """How long it is passed over, since it was limited or refused."""


class ProviderStatus(Shown):
    """One provider."""

    name: str
    """The path prefix, and the name in ``routing.routes``."""
    base_url: str
    """Where its upstream is."""
    dialects: tuple[str, ...]
    """The dialects it speaks."""
    endpoints: tuple[str, ...]
    """The operations it answers, below ``/{provider}/v1/``."""
    login: str
    """``ready``, ``not-needed``, ``callers-own``, ``missing``, ``expired`` or
    ``broken``."""
    detail: str
    """The login in words."""
    hint: str | None
    """What to do about the login, if something is to be done."""
    usable: bool
    """Whether requests can be signed right now."""
    accounts: tuple[AccountStatus, ...]
    """Those requests are made for, if there are several."""
    circuits: tuple[CircuitStatus, ...]
    """Its models that have failed of late."""


class ProvidersStatus(Shown):
    """All providers, by name."""

    providers: tuple[ProviderStatus, ...]
    """Those of the plugins that run."""
    default: str | None
    """``routing.default_provider``."""


class GatewayStatus(Shown):
    """The gateway in one line."""

    name: str = "ccproxy"
    """Always ``ccproxy``."""
    version: str = VERSION
    """Version of the server's wheel."""
    plugins_running: int
    """How many plugins are at work."""
    plugins_failed: int
    """How many could not be brought to work."""
    providers_usable: int
    """How many providers have what they need to answer."""
    records_written: int | None
    """Records this process has written; ``null`` if it keeps no request log."""
    records_waiting: int | None
    """Records that wait to be written."""
    records_dropped: int | None
    """Records that never will be, since too many waited."""


def provider_status(provider: Provider, choices: Choices) -> ProviderStatus:
    """Describe a provider; nothing here is secret."""
    login = login_of(provider)
    return ProviderStatus(
        name=provider.name,
        base_url=provider.base_url,
        dialects=tuple(dialect.value for dialect in provider.dialects),
        endpoints=tuple(endpoint.value for endpoint in provider.urls),
        login=login.state.value,
        detail=login.detail,
        hint=login.hint,
        usable=login.usable,
        accounts=tuple(_accounts(provider, choices)),
        circuits=tuple(
            CircuitStatus(model=model, state=state.value, seconds=wait)
            for (name, model), state, wait in choices.models
            if name == provider.name
        ),
    )


def _accounts(provider: Provider, choices: Choices) -> Iterator[AccountStatus]:
    """Describe the accounts; a plugin that can't list them has none to show."""
    with isolated(provider.name, "accounts", lambda _: None):
        for account in provider.accounts():
            login = account.auth.status()
            yield AccountStatus(
                name=account.name,
                login=login.state.value,
                detail=login.detail,
                usable=login.usable,
                used_percent=account.used_percent,
                resting_seconds=choices.accounts.wait((provider.name, account.name)),
            )


@router.get("/status")
async def gateway_status(
    plugins: Annotated[PluginManager, Depends(get_plugins)],
    models: Annotated[ModelTable, Depends(get_models)],
    log: Annotated[RequestLog, Depends(get_request_log)],
) -> GatewayStatus:
    """Tell the version, and how many pieces are at work."""
    storage = log.storage
    states = [plugin.state for plugin in plugins.status().plugins]
    return GatewayStatus(
        plugins_running=states.count(PluginState.RUNNING),
        plugins_failed=states.count(PluginState.FAILED),
        providers_usable=sum(
            login_of(provider).usable for provider in models.providers.values()
        ),
        records_written=storage and storage.written,
        records_waiting=storage and storage.depth,
        records_dropped=storage and storage.dropped,
    )


@router.get("/plugins/status")
async def plugins_status(
    plugins: Annotated[PluginManager, Depends(get_plugins)],
) -> PluginsStatus:
    """Tell of every plugin that was found how far it came, and why."""
    return plugins.status()


@router.get("/providers")
async def providers_status(
    models: Annotated[ModelTable, Depends(get_models)],
    choices: Annotated[Choices, Depends(get_choices)],
) -> ProvidersStatus:
    """Tell of every provider what it speaks, whether it has a login, how it fares."""
    return ProvidersStatus(
        providers=tuple(
            provider_status(models.providers[name], choices)
            for name in sorted(models.providers)
        ),
        default=models.default,
    )
