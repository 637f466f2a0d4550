"""Making a Responses body one that the ChatGPT backend takes.

A body of Codex CLI itself is right already and passes as it came, byte for byte. What
the backend refuses was gathered from public reports; it answers 400 with
``{"detail": "Unsupported parameter: …"}``, ``Store must be set to false``,
``Stream must be set to true``, ``System messages are not allowed`` and
``Instructions are required``.

The last one is a report of 2026-04; Codex CLI 0.169.0 sends no instructions, only
developer messages. So a body with neither gets a sentence that asks for nothing but an
answer: no prompt of ours, and none at all if the setting is empty (ADR 11).
"""

import hashlib
import uuid
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from ccproxy.sdk import Json, JsonObject, UpstreamRequest

REFUSED = (
    "context_management",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "metadata",
    "previous_response_id",
    "prompt_cache_retention",
    "safety_identifier",
    "stream_options",
    "temperature",
    "top_p",
    "truncation",
    "user",
)
"""Parameters of the Responses API that the backend refuses."""

COMPACTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "parallel_tool_calls"),
        *("reasoning", "service_tier", "prompt_cache_key", "text"),
    }
)
"""All that Codex CLI 0.169.0 sends to have a conversation compacted."""

ENCRYPTED = "reasoning.encrypted_content"


def shape(
    request: UpstreamRequest,
    instructions: str,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Change in the request's body what the backend would refuse, and note it.

    Args:
        request: Left alone if nothing is wrong with its body.
        instructions: Sent if the body has neither instructions nor developer items.
        aliases: Names of models by other names for them.
    """
    body = dict(request.payload)
    notes = _drop_refused(body) + _force_stream(body) + _shape_input(body)
    notes += _rename(request, body, aliases)
    if instructions and not _is_instructed(body):
        body["instructions"] = instructions
        notes.append("Sent default instructions, for there were none.")
    if not notes and (_is_native(request) or not _is_nameless(body)):
        return
    _complete(body)
    request.rewrite(body)
    request.stream = True
    request.notes.extend(notes)


def shape_compaction(request: UpstreamRequest, aliases: Mapping[str, str]) -> None:
    """Leave in a request to compact a conversation what the backend knows, and note it.

    Args:
        request: Left alone if nothing is wrong with its body.
        aliases: Names of models by other names for them.
    """
    body = {key: request.payload[key] for key in request.payload if key in COMPACTED}
    dropped = request.payload.keys() - body.keys()
    notes = [
        f"Dropped {name}: the ChatGPT backend compacts without it."
        for name in sorted(dropped)
    ]
    notes += _shape_input(body) + _rename(request, body, aliases)
    if notes:
        request.rewrite(body)
        request.notes.extend(notes)


def _rename(
    request: UpstreamRequest, body: JsonObject, aliases: Mapping[str, str]
) -> list[str]:
    if request.model not in aliases:
        return []
    body["model"] = request.model = aliases[request.model]
    return [f"Asked for {request.model}, as aliases says."]


def _drop_refused(body: JsonObject) -> list[str]:
    dropped = [name for name in REFUSED if name in body]
    for name in dropped:
        del body[name]
    return [f"Dropped {name}: the ChatGPT backend refuses it." for name in dropped]


def _force_stream(body: JsonObject) -> list[str]:
    notes = []
    if body.get("store") is not False:
        body["store"] = False
        notes.append("Set store to false: the ChatGPT backend keeps nothing.")
    if body.get("stream") is not True:
        body["stream"] = True
        notes.append("Set stream to true: the ChatGPT backend only streams.")
    return notes


def _shape_input(body: JsonObject) -> list[str]:
    asked = body.get("input")
    if isinstance(asked, str):
        text: JsonObject = {"type": "input_text", "text": asked}
        body["input"] = [{"type": "message", "role": "user", "content": [text]}]
        return ["Sent the input's text as a list of one message."]
    if not isinstance(asked, list):
        return []
    notes = []
    kept = [item for item in asked if not _is(item, "type", "item_reference")]
    if len(kept) < len(asked):
        notes.append("Dropped item_reference items: the ChatGPT backend keeps nothing.")
    if any(_is(item, "role", "system") for item in kept):
        kept = [_as_developer(item) for item in kept]
        notes.append("Sent system messages as developer messages.")
    if notes:
        body["input"] = kept
    return notes


def _as_developer(item: Json) -> Json:
    if isinstance(item, dict) and item.get("role") == "system":
        return {**item, "role": "developer"}
    return item


def _is_instructed(body: JsonObject) -> bool:
    instructions, items = body.get("instructions"), body.get("input")
    if isinstance(instructions, str) and instructions.strip():
        return True
    return isinstance(items, list) and any(
        _is(item, "role", "developer") for item in items
    )


def _complete(body: JsonObject) -> None:
    """Add what Codex CLI sends too, to a body that is not as it came anyway.

    Without encrypted reasoning the next turn would have lost it, for nothing is stored.
    """
    include = body.get("include")
    named = include if isinstance(include, list) else []
    if ENCRYPTED not in named:
        body["include"] = [*named, ENCRYPTED]
    if _is_nameless(body):
        body["prompt_cache_key"] = _conversation(body)


def _is_native(request: UpstreamRequest) -> bool:
    """Tell Codex CLI by its name, or by what no other client sends."""
    if request.headers.get("user-agent", "").startswith("codex"):
        return True
    items = request.payload.get("input")
    return "client_metadata" in request.payload or (
        isinstance(items, list)
        and any(_is(item, "type", "additional_tools") for item in items)
    )


def _is_nameless(body: JsonObject) -> bool:
    """Whether there is a conversation, and no key by which its cache is found."""
    return bool(body.get("input")) and not body.get("prompt_cache_key")


def _conversation(body: JsonObject) -> str:
    """Name the conversation by its beginning, which stays the same in every turn."""
    items = body.get("input")
    beginning: list[Json] = [body.get("model"), body.get("instructions")]
    for item in items if isinstance(items, list) else []:
        beginning.append(item)
        if _is(item, "role", "user"):
            break
    digest = hashlib.sha256(orjson.dumps(beginning)).digest()
    return str(uuid.UUID(bytes=digest[:16]))


def _is(item: Json, key: str, value: str) -> bool:
    return isinstance(item, dict) and item.get(key) == value
