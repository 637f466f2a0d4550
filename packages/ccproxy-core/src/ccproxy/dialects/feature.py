"""What can be asked and answered, and what becomes of it in another dialect.

A dialect says of itself alone what it can't tell (``Loss``) and what its callers have
no words for. The table of all pairs follows from that, and so do the notes on a
request: a renderer that comes to something it can't tell asks ``Notes.lose``, which
knows from the same table whether to note it or to refuse the request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ccproxy.dialects.json import JsonObject
from ccproxy.errors import UntranslatableError


class Feature(StrEnum):
    """What a request or an answer can hold; the values are the words for people."""

    TEXT = "text"
    SYSTEM = "system prompt"
    LATER_SYSTEM = "system messages within the conversation"
    IMAGE = "images"
    IMAGE_URL = "images by URL"
    IMAGE_DETAIL = "detail of images"
    IMAGE_FILE = "images by OpenAI's file id"
    ANTHROPIC_FILE = "files by Anthropic's file id"
    DOCUMENT = "documents"
    DOCUMENT_URL = "documents by URL"
    DOCUMENT_FILE = "documents by OpenAI's file id"
    DOCUMENT_TEXT = "documents of plain text"
    AUDIO = "audio"
    UNKNOWN_BLOCK = "blocks of other types"
    TOOL = "function tools"
    STRICT = "strict tools"
    LOOSE = "strict with a schema that leaves something open"
    CUSTOM_TOOL = "custom tools"
    NAMESPACE = "namespaces of tools"
    WEB_SEARCH = "web search"
    SEARCH_SITES = "domains of a web search"
    SEARCH_SIZE = "search_context_size of a web search"
    SEARCH_USES = "max_uses of a web search"
    SEARCHED = "web searches that were made"
    SERVER_TOOL = "server tools"
    TOOL_CHOICE = "tool_choice"
    ALLOWED_TOOLS = "allowed_tools"
    PARALLEL = "parallel tool calls turned off"
    TOOL_CALL = "tool calls"
    TOOL_ORDER = "text after tool calls"
    TOOL_RESULT = "tool results"
    TOOL_ERROR = "failed tool results"
    TOOL_IMAGE = "images in tool results"
    ORPHAN = "tool results without their call"
    LONG_NAME = "long names and ids"
    REASONING = "reasoning, back to its maker"
    FOREIGN_REASONING = "reasoning that another provider made"
    REFUSAL = "refusals"
    CITATION = "citations"
    OTHER_CITATION = "citations of other things than pages"
    EFFORT = "reasoning effort"
    BUDGET = "reasoning budget"
    JSON_SCHEMA = "answers by a JSON schema"
    JSON_OBJECT = "answers of any JSON"
    CACHE_MARK = "cache_control"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    SEED = "seed"
    FREQUENCY_PENALTY = "frequency_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    LOGIT_BIAS = "logit_bias"
    MAX_TOKENS = "max_tokens"
    STOP = "stop"
    USER = "user"
    METADATA = "metadata"
    SERVICE_TIER = "service_tier"
    VERBOSITY = "verbosity"
    CACHE_KEY = "prompt_cache_key"
    SAFETY_ID = "safety_identifier"
    CACHE_RETENTION = "prompt_cache_retention"
    STORED = "conversation, prompt, item_reference"
    COMPACTED = "compacted history"
    FUNCTIONS = "functions, function_call"
    SEVERAL = "several choices (n)"
    AUDIO_ANSWER = "spoken answers"
    BACKGROUND = "background answers"
    BILLING = "x-anthropic-billing-header"
    UNKNOWN = "fields of other names"
    OPENING = "an answer before the first question"
    CLOSING = "an answer behind the last question"
    PREFILL = "the beginning of the answer"
    STOP_SEQUENCE = "which stop sequence ended the answer"
    PAUSE = "answers that pause"
    LOGPROBS = "logprobs"


class Outcome(StrEnum):
    """What becomes of a feature."""

    KEPT = "kept"
    CHANGED = "changed"
    DROPPED = "dropped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Loss:
    """What a dialect makes of a feature that it can't tell as it is.

    Attributes:
        outcome: What becomes of it.
        how: In a few words.
    """

    outcome: Outcome
    how: str


def changed(how: str) -> Loss:
    """Tell it in another way."""
    return Loss(Outcome.CHANGED, how)


def dropped(how: str = "there is no such thing") -> Loss:
    """Leave it out."""
    return Loss(Outcome.DROPPED, how)


def refused(how: str) -> Loss:
    """Answer 400, for without it the model would be asked something else."""
    return Loss(Outcome.REFUSED, how)


Losses = Mapping[Feature, Loss]

MOST_NOTES = 24
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,47}")


class Notes:
    """Tells what was lost of one request, each thing once.

    Args:
        losses: Of the dialect that is written.
    """

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._said: dict[str, None] = {}

    @property
    def sentences(self) -> list[str]:
        """What was lost; ASCII, and never a word of the conversation."""
        return list(self._said)

    def unread(self, thing: JsonObject, known: frozenset[str]) -> None:
        """Note the fields of something that its reader does not know."""
        if thing.keys() <= known:
            return
        for name in sorted(thing.keys() - known):
            if thing[name] is not None:
                self.lose(Feature.UNKNOWN, name)

    def lose(self, feature: Feature, name: str = "") -> None:
        """Note that a feature can't be told as it is.

        Args:
            feature: Which.
            name: What the caller calls it; it is told if it looks like a name.

        Raises:
            UntranslatableError: Without it the request would mean something else.
        """
        loss = self._losses[feature]
        what = f"{feature}: {name}" if _NAME.fullmatch(name) else str(feature)
        if loss.outcome is Outcome.REFUSED:
            msg = f"The provider speaks another dialect, and can't be asked for {what}."
            raise UntranslatableError(msg, hint=f"{loss.how[0].upper()}{loss.how[1:]}.")
        if len(self._said) < MOST_NOTES:
            self._said[f"{loss.outcome.capitalize()} {what} ({loss.how})."] = None
