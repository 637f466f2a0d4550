"""How much to think, in Anthropic's words: tokens, or effort on newer models.

Models up to Claude 4.5 take ``thinking: {type: enabled, budget_tokens}``; later ones
take ``{type: adaptive}`` with ``output_config.effort``, and refuse a budget.

Sources: https://docs.claude.com/en/docs/build-with-claude/extended-thinking,
https://docs.claude.com/en/docs/build-with-claude/effort
"""

import re

from ccproxy.dialects.conversation import Effort
from ccproxy.dialects.json import JsonObject, an_object, number, text

_COUNTS_TOKENS = re.compile(
    r"claude-(instant|2|3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8}|-latest|$|@|\b(?!-\d)))"
)

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
_EFFORTS = {"minimal": "low"}
"""What OpenAI calls otherwise."""


def read_effort(payload: JsonObject) -> Effort | None:
    """Read ``thinking`` and ``output_config.effort``."""
    thinking = an_object(payload.get("thinking"))
    level = text(an_object(payload.get("output_config")).get("effort"))
    kind = text(thinking.get("type"))
    shown = thinking.get("display") != "omitted"
    if kind == "disabled":
        return Effort("none")
    if kind == "enabled":
        budget = number(thinking.get("budget_tokens"))
        return Effort(level or level_of(budget), budget, shown=shown)
    if kind:
        return Effort(level, free=True, shown=shown)
    return Effort(level) if level else None


def level_of(budget: int) -> str:
    """Tell a number of tokens as an effort."""
    return next((level for level, most in _BUDGETS.items() if budget <= most), "max")


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
