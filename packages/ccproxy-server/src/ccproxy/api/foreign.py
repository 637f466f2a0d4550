"""Reasoning in a conversation that has gone from one provider to another.

What a provider has signed or encrypted only that provider can read, another refuses
the request for it. Bytes that pass as they came do not tell who made it, so all of it
is left out once a conversation has moved.
"""

from ccproxy.api.choice import Choice
from ccproxy.dialects import Dialect
from ccproxy.sdk import Json, JsonObject

NOTE = "Left reasoning out that may be another provider's (its maker alone reads it)."
_THOUGHTS = {"thinking", "redacted_thinking"}


def is_elsewhere(choice: Choice, first: Choice, dialect: Dialect) -> bool:
    """Tell whether what the first choice has made is strange to another.

    Anthropic's signatures hold for all of its customers; what the Responses API
    encrypts is for one organization.
    """
    if choice.provider is not first.provider:
        return True
    of_one = dialect is Dialect.RESPONSES
    return of_one and choice.account_name != first.account_name


def without_reasoning(dialect: Dialect, payload: JsonObject) -> JsonObject:
    """Take reasoning out of a request.

    Returns:
        The payload itself, if there was none.
    """
    if dialect is Dialect.RESPONSES:
        items = payload.get("input")
        kept = _other(items, {"reasoning"})
        return payload if kept is items else {**payload, "input": kept}
    messages = payload.get("messages")
    if dialect is not Dialect.MESSAGES or not isinstance(messages, list):
        return payload
    thoughtless = [_without_thoughts(each) for each in messages]
    if all(new is old for new, old in zip(thoughtless, messages, strict=True)):
        return payload
    kept = [each for each in thoughtless if each is not None]
    written: JsonObject = {**payload, "messages": kept}
    if _lacks_a_thought(kept):
        written.pop("thinking", None)
    return written


def _other(blocks: Json, kinds: set[str]) -> Json:
    """Leave blocks of these kinds out; the same list, if there are none."""
    if not isinstance(blocks, list):
        return blocks
    kept = [each for each in blocks if _kind(each) not in kinds]
    return kept if len(kept) < len(blocks) else blocks


def _without_thoughts(message: Json) -> Json:
    """Leave thoughts out; nothing stays of a message that was no more than that."""
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    kept = _other(content, _THOUGHTS)
    if kept is content:
        return message
    return {**message, "content": kept} if kept else None


def _lacks_a_thought(messages: list[Json]) -> bool:
    """Tell whether the last answer called a tool, which now no thought precedes.

    With thinking turned on the API refuses that. Source:
    https://docs.claude.com/en/docs/build-with-claude/extended-thinking
    """
    last = messages[-1] if messages else None
    blocks = last.get("content") if isinstance(last, dict) else None
    if not isinstance(blocks, list):
        return False
    return any(_kind(each) == "tool_result" for each in blocks)


def _kind(block: Json) -> str:
    return str(block.get("type")) if isinstance(block, dict) else ""
