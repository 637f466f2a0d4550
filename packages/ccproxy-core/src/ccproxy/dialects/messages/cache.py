"""Has Anthropic keep the prompt in its cache, for callers who can't ask for that.

Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from collections.abc import Sequence

from ccproxy.dialects.json import Json, JsonObject, an_object

_MARK: JsonObject = {"type": "ephemeral"}


def mark(body: JsonObject) -> None:
    """Mark the instructions and the last two turns of the user's.

    Only what is marked is cached. The API looks back some twenty blocks from a mark,
    hence two.
    """
    system, messages = body.get("system"), body["messages"]
    if isinstance(system, list):
        _mark_last(system)
    said = messages if isinstance(messages, list) else []
    users = [each for each in said if an_object(each).get("role") == "user"]
    for message in users[-2:]:
        content = an_object(message).get("content")
        if isinstance(content, list):
            _mark_last(content)


def _mark_last(blocks: Sequence[Json]) -> None:
    an_object(blocks[-1])["cache_control"] = dict(_MARK)
