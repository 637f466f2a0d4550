"""How much of the plan is used: the backend's endpoint and headers for it.

Their shape was read in the public repository openai/codex,
``codex-rs/codex-backend-openapi-models`` and ``codex-rs/backend-client``. On the free
plan the *primary* window is the weekly one, so windows are told apart by their length.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import orjson

from ccproxy.plugins.codex.token import moment, text
from ccproxy.sdk import Credential, Json, JsonObject, LimitWindow
from ccproxy.sdk.errors import UpstreamError

TIMEOUT = 10.0
"""Seconds the endpoint may take."""
_WINDOWS = ("primary_window", "secondary_window")
_USED = re.compile(r"(x-([a-z0-9-]+)-(primary|secondary))-used-percent")
_DAY, _HOUR, _MINUTE = 86400, 3600, 60
_OFF_BY = 0.02
"""By how much of itself a length may miss a whole number, as 299 minutes do."""


def usage_url(base_url: str) -> str:
    """Return the address of the endpoint that belongs to a backend.

    Codex CLI asks below ``/wham`` where the backend's path has ``/backend-api``, and
    below ``/api/codex`` elsewhere.
    """
    root = base_url.removesuffix("/codex")
    below = "wham" if "/backend-api" in urlsplit(root).path else "api/codex"
    return f"{root}/{below}/usage"


async def ask(
    http: httpx.AsyncClient, url: str, headers: Mapping[str, str], login: Credential
) -> tuple[LimitWindow, ...]:
    """Ask how much an account has used.

    Raises:
        CredentialError: The login has ended.
        UpstreamError: There was no usable answer.
    """
    try:
        response = await http.get(
            url, headers=dict(headers), auth=login, timeout=TIMEOUT
        )
        response.raise_for_status()
        told = orjson.loads(response.content)
    except (httpx.HTTPError, orjson.JSONDecodeError) as error:
        msg = f"The backend did not tell the limits: {type(error).__name__}."
        raise UpstreamError(msg) from error
    return windows(told)


def windows_in(headers: Iterable[tuple[bytes, bytes]]) -> tuple[LimitWindow, ...]:
    """Read the windows that the backend tells of in the headers of an answer.

    ``x-codex-primary-used-percent`` and its kin; a limit of another name has that in
    the place of ``codex``. As in ``codex-rs/codex-api/src/rate_limits.rs``.
    """
    told = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name.startswith(b"x-")
    }
    limits: dict[str, JsonObject] = {}
    for name, used in told.items():
        if match := _USED.fullmatch(name):
            start, limit, slot = match.groups()
            minutes = _number(told.get(f"{start}-window-minutes"))
            limits.setdefault(limit, {})[f"{slot}_window"] = {
                "used_percent": used,
                "limit_window_seconds": minutes and minutes * _MINUTE,
                "reset_at": _number(told.get(f"{start}-reset-at")),
            }
    own = limits.pop("codex", None)
    more: list[Json] = [
        {"limit_name": name, "rate_limit": each} for name, each in limits.items()
    ]
    return windows({"rate_limit": own, "additional_rate_limits": more})


def windows(told: Json) -> tuple[LimitWindow, ...]:
    """Read the windows of an answer, the shortest first; odd ones are passed over."""
    if not isinstance(told, dict):
        return ()
    found = [*_windows_of(told.get("rate_limit"), "")]
    more = told.get("additional_rate_limits")
    for each in more if isinstance(more, list) else ():
        if isinstance(each, dict):
            name = text(each.get("limit_name")) or text(each.get("metered_feature"))
            found += _windows_of(each.get("rate_limit"), f"{name or 'other'}, ")
    return tuple(sorted(found, key=lambda each: each.length or timedelta.max))


def _windows_of(limit: Json, prefix: str) -> Iterator[LimitWindow]:
    for slot in _WINDOWS if isinstance(limit, dict) else ():
        window = limit.get(slot) if isinstance(limit, dict) else None
        used = _number(window.get("used_percent")) if isinstance(window, dict) else None
        if not isinstance(window, dict) or used is None:
            continue
        seconds = _number(window.get("limit_window_seconds"))
        length = timedelta(seconds=seconds) if seconds else None
        yield LimitWindow(
            name=prefix + (length_in_words(length) if length else "limit"),
            used_percent=min(max(used, 0.0), 100.0),
            length=length,
            resets_at=moment(window.get("reset_at")),
        )


def length_in_words(length: timedelta) -> str:
    """Name a window by its length, as ``5 hours`` or ``7 days``."""
    seconds = length.total_seconds()
    for unit, size in (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE)):
        count = round(seconds / size)
        if count and abs(seconds - count * size) <= _OFF_BY * seconds:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"


def _number(value: Json) -> float | None:
    """Read a number, also one that was written as text; the rest is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e12 else None
