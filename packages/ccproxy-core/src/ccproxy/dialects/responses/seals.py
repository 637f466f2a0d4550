"""Takes envelopes out of requests of OpenAI Responses that are not translated."""

from ccproxy.dialects.json import JsonObject, an_object, text
from ccproxy.dialects.seal import MARK


def without_seals(payload: JsonObject) -> JsonObject:
    """Take out what the gateway put into envelopes for another provider."""
    items = payload.get("input")
    if not isinstance(items, list):
        return payload
    kept = [item for item in items if not _is_sealed(an_object(item))]
    return {**payload, "input": kept} if len(kept) < len(items) else payload


def _is_sealed(item: JsonObject) -> bool:
    sealed = {"reasoning": "encrypted_content", "web_search_call": "id"}
    name = sealed.get(text(item.get("type")), "")
    return text(item.get(name)).startswith(MARK)
