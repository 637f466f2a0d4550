"""Reading what a JSON Web Token says, without checking its signature.

Nobody but the server that made the token can check it, and no client does: the claims
are only used to tell people about their login and to name the account.
"""

import base64
import binascii

import orjson

from ccproxy.sdk import Json, JsonObject

OPENAI_CLAIMS = "https://api.openai.com/auth"
LATEST = 253_402_300_800
"""The end of the year 9999; a later expiry is taken for none."""


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
    exp = claims(token).get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return None
    return float(exp) if 0 < exp < LATEST else None


def account(token: str) -> str | None:
    """Return the id of the ChatGPT account; it is never the claim ``sub``."""
    return _text(_openai_claims(token).get("chatgpt_account_id"))


def plan(token: str) -> str | None:
    """Return the name of the plan, as the server writes it."""
    return _text(_openai_claims(token).get("chatgpt_plan_type"))


def _openai_claims(token: str) -> JsonObject:
    return _an_object(claims(token).get(OPENAI_CLAIMS))


def _an_object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
