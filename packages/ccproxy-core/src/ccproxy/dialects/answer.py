"""What a model answers, in no dialect's words: whole, or event by event.

A stream is ``Begin``, then for each block ``Open``, any number of ``Delta`` and
``Close``, ``Tokens`` and ``Stop`` somewhere after what they tell of, and last ``Done``
or ``Failed``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from ccproxy.dialects.conversation import (
    Citation,
    Opaque,
    Reasoning,
    Refusal,
    Search,
    Text,
    ToolCall,
)
from ccproxy.dialects.json import JsonObject

AnswerBlock: TypeAlias = Text | Refusal | Reasoning | ToolCall | Search | Opaque


class StopReason(StrEnum):
    """Why the model stopped."""

    END = "end"
    LENGTH = "length"
    CONTEXT = "context"
    """The context window was full."""
    TOOLS = "tools"
    SEQUENCE = "sequence"
    """It said one of the stop sequences."""
    REFUSAL = "refusal"
    FILTER = "filter"
    PAUSE = "pause"
    """A server tool takes long; the caller is to ask again."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, each counted once.

    Attributes:
        input: Read and neither taken from the cache nor written to it.
        cache_read: Taken from the cache.
        cache_write: Written to it.
        cache_write_1h: The part of that which is kept for an hour, not minutes.
        output: Written, reasoning included.
        reasoning: The part of the output that was reasoning.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def all_input(self) -> int:
        """All that was read."""
        return self.input + self.cache_read + self.cache_write

    @property
    def all(self) -> int:
        """All that was read or written."""
        return self.all_input + self.output


@dataclass(slots=True)
class Answer:
    """A whole answer.

    Attributes:
        id: The upstream's.
        blocks: In their order.
        stop: Why it ended.
        sequence: The stop sequence that was said, if one was.
        usage: ``None`` if the upstream told nothing.
        model: The model that gave it, if it is named.
    """

    id: str = ""
    blocks: list[AnswerBlock] = field(default_factory=list)
    stop: StopReason = StopReason.END
    sequence: str = ""
    usage: Usage | None = None
    model: str = ""

    @property
    def tool_calls(self) -> int:
        """How many tools the client is to call."""
        return sum(isinstance(each, ToolCall) for each in self.blocks)


@dataclass(slots=True)
class Problem:
    """What went wrong at an upstream.

    Attributes:
        status: HTTP status; of a failure within a stream, the one it would have had.
        message: For people.
        code: In one word, for programs; the upstream's own if it gave one.
        retry_after: Seconds, if the body told.
    """

    status: int
    message: str
    code: str
    retry_after: int | None = None


@dataclass(slots=True)
class Begin:
    """The answer begins.

    Attributes:
        id: The upstream's.
        usage: What is known of it already.
        model: The model that gives it, if it is named.
    """

    id: str
    usage: Usage | None = None
    model: str = ""


@dataclass(slots=True)
class Open:
    """A block begins.

    Attributes:
        key: Names the block until it is closed.
        block: What is known of it; its words are still to come.
    """

    key: int
    block: AnswerBlock


@dataclass(slots=True)
class Delta:
    """More words of a block, or more of a tool call's arguments.

    Attributes:
        key: Names the block.
        text: The words.
        logprobs: How likely they were, token by token; empty if nobody asked.
    """

    key: int
    text: str
    logprobs: tuple[JsonObject, ...] = ()


@dataclass(slots=True)
class Cite:
    """A citation of what a text block has said."""

    key: int
    citation: Citation


@dataclass(slots=True)
class Close:
    """A block is complete.

    Attributes:
        key: Which.
        block: All that is known of it, if more than what it was opened with; its words
            are those of the deltas, and stay unsaid here.
    """

    key: int
    block: AnswerBlock | None = None


@dataclass(slots=True)
class Tokens:
    """What was used so far; a later one replaces an earlier one."""

    usage: Usage


@dataclass(slots=True)
class Stop:
    """The model has stopped."""

    reason: StopReason
    sequence: str = ""


@dataclass(slots=True)
class Done:
    """Nothing more will come."""


@dataclass(slots=True)
class Failed:
    """Nothing more will come, and what came is not the whole answer."""

    problem: Problem


Event: TypeAlias = Begin | Open | Delta | Cite | Close | Tokens | Stop | Done | Failed
