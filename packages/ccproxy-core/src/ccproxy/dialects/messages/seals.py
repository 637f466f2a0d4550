"""Takes envelopes out of requests of Anthropic Messages that are not translated."""

from ccproxy.dialects.json import Json, JsonObject, objects, text
from ccproxy.dialects.seal import MARK

_SEALED = ("signature", "data", "id", "tool_use_id")
"""What may hold an envelope."""


def without_seals(payload: JsonObject) -> JsonObject:
    """Take out what the gateway put into envelopes for another provider."""
    kept: list[Json] = []
    found = False
    for message in objects(payload.get("messages")):
        blocks = objects(message.get("content"))
        rest: list[Json] = [own for each in blocks if (own := _unsealed(each))]
        if rest == blocks:
            kept.append(message)
            continue
        found = True
        if rest:
            kept.append({**message, "content": rest})
    return {**payload, "messages": kept} if found else payload


def _unsealed(block: JsonObject) -> JsonObject:
    """Return what may stay of a block; nothing, if it is in an envelope."""
    if any(text(block.get(name)).startswith(MARK) for name in _SEALED):
        return {}
    citations = objects(block.get("citations"))
    own: list[Json] = [
        each
        for each in citations
        if not text(each.get("encrypted_index")).startswith(MARK)
    ]
    return block if len(own) == len(citations) else {**block, "citations": own or None}
