"""``/api/profile``: the accounts behind the providers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from ccproxy.api.dependencies import get_models, get_profile_service
from ccproxy.api.errors import problem
from ccproxy.api.routing import ModelTable
from ccproxy.loader.profiles import (
    ProfilesStatus,
    ProfileStatus,
    profile_status,
    profiles_status,
)
from ccproxy.services.profile import ProfileService

_NO_DATABASE: dict[int | str, dict[str, Any]] = {
    503: problem("The database can't be used.")
}
_NO_PROVIDER: dict[int | str, dict[str, Any]] = {
    404: problem("There is no such provider; the hint names those there are.")
}

router = APIRouter(prefix="/api/profile", tags=["profile"], responses=_NO_DATABASE)

Refresh = Annotated[
    bool, Query(description="Whether the providers are asked now, whatever is known.")
]


@router.get("")
async def all_profiles(
    profiles: Annotated[ProfileService, Depends(get_profile_service)],
    models: Annotated[ModelTable, Depends(get_models)],
    *,
    refresh: Refresh = False,
) -> ProfilesStatus:
    """Tell of every provider's accounts: whose they are, what is paid for and used."""
    return await profiles_status(profiles, models.providers.values(), refresh=refresh)


@router.get("/{provider}", responses=_NO_PROVIDER)
async def one_profile(
    provider: str,
    profiles: Annotated[ProfileService, Depends(get_profile_service)],
    models: Annotated[ModelTable, Depends(get_models)],
    *,
    refresh: Refresh = False,
) -> ProfileStatus:
    """Tell of one provider's accounts."""
    return await profile_status(profiles, models.provider(provider), refresh=refresh)
