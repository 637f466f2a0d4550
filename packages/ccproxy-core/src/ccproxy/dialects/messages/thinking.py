"""How much to think, in Anthropic's words: tokens, or effort on newer models.

Models up to Claude 4.5 take ``thinking: {type: enabled, budget_tokens}``; later ones
take ``{type: adaptive}`` with ``output_config.effort``, and refuse a budget.

Sources: https://docs.claude.com/en/docs/build-with-claude/extended-thinking,
https://docs.claude.com/en/docs/build-with-claude/effort
"""

import re

from ccproxy.dialects.conversation import Choice, Conversation, Effort
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, an_object, number, objects, text
from ccproxy.dialects.speaker import Writing

_COUNTS_TOKENS = re.compile(
    r"claude-(instant|2|3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8}|-latest|$|@|\b(?!-\d)))"
)

_FORCED = {Choice.REQUIRED, Choice.ONE}
_THOUGHTS = ("thinking", "redacted_thinking")
LEAST = 1024
"""Tokens; the API takes no smaller budget."""

_BUDGETS = {
    "minimal": LEAST,
    "low": 4096,
    "medium": 10_000,
    "high": 24_000,
    "xhigh": 32_000,
    "max": 60_000,
}
_LEVELS = {"low": 4096, "medium": 16_000}
_EFFORTS = {"minimal": "low"}
"""What OpenAI calls otherwise."""


def read_effort(payload: JsonObject) -> Effort | None:
    """Read ``thinking`` and ``output_config.effort``.

    Not to think is what models do that were told nothing, so it is no wish. Models of
    other vendors may refuse to be told.
    """
    thinking = an_object(payload.get("thinking"))
    level = text(an_object(payload.get("output_config")).get("effort"))
    kind = text(thinking.get("type"))
    shown = thinking.get("display") != "omitted"
    if kind == "enabled":
        budget = number(thinking.get("budget_tokens"))
        return Effort(level or level_of(budget), budget, shown=shown)
    if kind and kind != "disabled":
        return Effort(level, free=True, shown=shown)
    return Effort(level) if level else None


def level_of(budget: int) -> str:
    """Tell a number of tokens as an effort, in the words that all models know."""
    return next((level for level, most in _LEVELS.items() if budget <= most), "high")


def counts_tokens(model: str) -> bool:
    """Tell whether a model's thinking is told in tokens."""
    return _COUNTS_TOKENS.match(model.rpartition("/")[2]) is not None


def thinking_for(model: str, effort: Effort, max_tokens: int) -> JsonObject:
    """Write the fields that ask for an effort; none, if the model is to think as ever.

    Args:
        model: Tells which of the two ways it takes.
        effort: What is asked for.
        max_tokens: The answer's; a budget has to be smaller.
    """
    if effort.level == "none":
        return {"thinking": {"type": "disabled"}}
    if not counts_tokens(model):
        written: JsonObject = {"thinking": {"type": "adaptive"}}
        if effort.level:
            level = _EFFORTS.get(effort.level, effort.level)
            written["output_config"] = {"effort": level}
        return written
    wanted = effort.budget or _BUDGETS.get(effort.level, 0)
    budget = min(wanted, max_tokens - 1)
    if budget < LEAST:
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def write_thinking(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    """Ask for thinking where Anthropic takes the wish.

    It refuses thinking together with a forced tool; and, told in tokens, within a chain
    of tool calls whose thinking is not there.
    """
    if asked.effort is None:
        return
    fields = thinking_for(asked.model, asked.effort, number(body["max_tokens"]))
    if not fields and not asked.effort.level:
        return
    kind = an_object(fields.get("thinking")).get("type")
    forced = asked.choice is not None and asked.choice.choice in _FORCED
    lost_thread = kind == "enabled" and _lost_thread(body["messages"])
    if not fields or (forced and kind != "disabled") or lost_thread:
        writing.notes.lose(Feature.EFFORT)
        return
    config = {
        **an_object(body.get("output_config")),
        **an_object(fields.pop("output_config", None)),
    }
    body |= fields
    if config:
        body["output_config"] = config


def _lost_thread(messages: Json) -> bool:
    """Tell whether the last answer called a tool and its thinking is not there."""
    if not isinstance(messages, list) or len(messages) < 2:
        return False
    *_, answer, reply = (objects(an_object(each).get("content")) for each in messages)
    if not any(block.get("type") == "tool_result" for block in reply):
        return False
    return not answer or answer[0].get("type") not in _THOUGHTS
