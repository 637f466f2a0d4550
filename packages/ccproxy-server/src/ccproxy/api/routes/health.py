"""``/health/**`` and ``/``: for those who only want to know that it is there."""

from fastapi import APIRouter

from ccproxy.api.version import VERSION
from ccproxy.loader.status import Shown

router = APIRouter(tags=["health"])


class Health(Shown):
    """Yes."""

    status: str
    """Always ``ok``; a gateway that is not well does not answer."""


class Welcome(Shown):
    """What answers at the root."""

    name: str
    """Always ``ccproxy``."""
    version: str
    """Version of the server's wheel."""
    hint: str
    """Where to go from here."""


@router.get("/health/live")
@router.head("/health/live", include_in_schema=False)
async def live() -> Health:
    """Tell that the process answers."""
    return Health(status="ok")


@router.get("/health/ready")
@router.head("/health/ready", include_in_schema=False)
async def ready() -> Health:
    """Tell that plugins have started and requests are served.

    The server listens only after that, so an answer at all says so.
    """
    return Health(status="ok")


@router.get("/")
@router.head("/", include_in_schema=False)
async def welcome() -> Welcome:
    """Greet clients that probe the base URL before they use it, as Claude Code does."""
    return Welcome(
        name="ccproxy",
        version=VERSION,
        hint="Point a client at /v1 here; /api/status and /v1/models tell more.",
    )
