"""Reading what a JSON Web Token says, without checking its signature.

Nobody but the server that made the token can check it, and no client does: the claims
are only used to tell people about their login and to name the account.

The claims were read in the public repository openai/codex,
``codex-rs/login/src/token_data.rs`` and ``server.rs``; dates are text there, and other
programs have met numbers and nothing at all.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from ccproxy.sdk import Json, JsonObject

OPENAI_CLAIMS = "https://api.openai.com/auth"
PROFILE_CLAIMS = "https://api.openai.com/profile"
LATEST = 253_402_300_800
"""The end of the year 9999; a later expiry is taken for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose login it is, as far as its tokens tell; named as in ``ProfileFields``.

    Attributes:
        user_id: The person.
        email: The person's address.
        plan: As the server writes it; there are more than any list knows.
        organization: The default one, never just the first.
        organization_role: The person's role in it.
        subscription_started_at: Aware UTC.
        subscription_expires_at: Aware UTC.
    """

    user_id: str | None = None
    email: str | None = None
    plan: str | None = None
    organization: str | None = None
    organization_role: str | None = None
    subscription_started_at: datetime | None = None
    subscription_expires_at: datetime | None = None


def identity(id_token: str | None, access_token: str) -> Identity:
    """Read both tokens; where they differ, the id token is right."""
    told = [claims(token) for token in (id_token, access_token) if token]
    ours = [_an_object(each.get(OPENAI_CLAIMS)) for each in told]
    profiles = [_an_object(each.get(PROFILE_CLAIMS)) for each in told]
    default = next((each for one in ours if (each := _default_organization(one))), {})
    return Identity(
        user_id=_first(ours, "chatgpt_user_id") or _first(ours, "user_id"),
        email=_first(told, "email") or _first(profiles, "email"),
        plan=_first(ours, "chatgpt_plan_type"),
        organization=text(default.get("title")) or text(default.get("id")),
        organization_role=text(default.get("role")),
        subscription_started_at=_date(ours, "chatgpt_subscription_active_start"),
        subscription_expires_at=_date(ours, "chatgpt_subscription_active_until"),
    )


def claims(token: str) -> JsonObject:
    """Return the claims of a token; nothing if it is opaque or malformed."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    payload = parts[1]
    try:
        padded = payload + "=" * (-len(payload) % 4)
        return _an_object(orjson.loads(base64.urlsafe_b64decode(padded)))
    except (binascii.Error, ValueError):
        return {}


def expiry(token: str) -> float | None:
    """Return when a token expires, in Unix seconds, if it tells."""
    return _seconds(claims(token).get("exp"))


def lifetime(token: str) -> float | None:
    """Return how many seconds a token is good for, if it tells."""
    told = claims(token)
    begin, end = _seconds(told.get("iat")), _seconds(told.get("exp"))
    return end - begin if begin and end and begin < end else None


def account(token: str) -> str | None:
    """Return the id of the ChatGPT account; it is never the claim ``sub``."""
    return text(_openai_claims(token).get("chatgpt_account_id"))


def plan(token: str) -> str | None:
    """Return the name of the plan, as the server writes it."""
    return text(_openai_claims(token).get("chatgpt_plan_type"))


def is_fedramp(token: str) -> bool:
    """Tell whether the account is one whose requests have to say so."""
    return _openai_claims(token).get("chatgpt_account_is_fedramp") is True


def moment(value: Json) -> datetime | None:
    """Read a date, as ISO 8601 text or in Unix seconds; anything else is none."""
    try:
        if isinstance(value, str) and value:
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = _seconds(value)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str | None:
    """Read text, without what no terminal should be sent; anything else is none."""
    if not isinstance(value, str):
        return None
    return "".join(each for each in value if each.isprintable()) or None


def _openai_claims(token: str) -> JsonObject:
    return _an_object(claims(token).get(OPENAI_CLAIMS))


def _default_organization(ours: JsonObject) -> JsonObject:
    listed = ours.get("organizations")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("is_default") is True:
            return each
    return {}


def _date(objects: list[JsonObject], name: str) -> datetime | None:
    return next((at for one in objects if (at := moment(one.get(name)))), None)


def _first(objects: list[JsonObject], name: str) -> str | None:
    return next((found for one in objects if (found := text(one.get(name)))), None)


def _seconds(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < LATEST else None


def _an_object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
