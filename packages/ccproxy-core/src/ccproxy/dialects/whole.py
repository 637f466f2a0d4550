"""Makes one whole answer of the events of a stream, whatever its dialect was."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ccproxy.dialects.answer import (
    Answer,
    AnswerBlock,
    Begin,
    Cite,
    Close,
    Delta,
    Done,
    Event,
    Failed,
    Open,
    Problem,
    Stop,
    Tokens,
)
from ccproxy.dialects.conversation import Citation, Reasoning, Refusal, Text, ToolCall
from ccproxy.dialects.json import JsonObject


class Collector:
    """Takes events as they come.

    Attributes:
        problem: What the upstream reported in place of the rest, if it did.
        whole: Whether the terminal event has come.
    """

    def __init__(self) -> None:
        self.problem: Problem | None = None
        self.whole = False
        self._answer = Answer()
        self._blocks: dict[int, AnswerBlock] = {}
        self._words: dict[int, list[str]] = {}
        self._tokens: dict[int, list[JsonObject]] = {}

    def feed(self, events: Iterable[Event]) -> None:
        """Take events."""
        for event in events:
            match event:
                case Delta(key=key, text=words) if key in self._words:
                    self._words[key].append(words)
                    if event.logprobs:
                        self._tokens.setdefault(key, []).extend(event.logprobs)
                case Open(key=key, block=block):
                    self._blocks[key] = block
                    self._words[key] = []
                case Close(key=key, block=block) if block and key in self._blocks:
                    self._blocks[key] = block
                case Cite(key=key, citation=citation):
                    block = self._blocks.get(key)
                    if isinstance(block, Text):
                        cited = (*block.citations, citation)
                        self._blocks[key] = replace(block, citations=cited)
                case Begin(id=name, usage=usage, model=model):
                    self._answer.id, self._answer.usage = name, usage
                    self._answer.model = model
                case Tokens(usage=usage):
                    self._answer.usage = usage
                case Stop(reason=reason, sequence=sequence):
                    self._answer.stop, self._answer.sequence = reason, sequence
                case Failed(problem=problem):
                    self.problem = problem
                case Done():
                    self.whole = True

    def answer(self) -> Answer:
        """Return what has come, in its order."""
        self._answer.blocks = [
            _with(block, "".join(self._words[key]), tuple(self._tokens.get(key, ())))
            for key, block in self._blocks.items()
        ]
        return self._answer


def _with(
    block: AnswerBlock, words: str, tokens: tuple[JsonObject, ...] = ()
) -> AnswerBlock:
    match block:
        case Text():
            return replace(block, text=words, logprobs=tokens)
        case Refusal() | Reasoning():
            return replace(block, text=words)
        case ToolCall():
            return replace(block, arguments=words)
    return block


def replay(answer: Answer) -> Iterator[Event]:
    """Tell a whole answer as events, for a client that asked for a stream."""
    yield Begin(answer.id, answer.usage)
    for key, block in enumerate(answer.blocks):
        words, cited = _words(block)
        yield Open(key, _with(block, ""))
        if words:
            tokens = block.logprobs if isinstance(block, Text) else ()
            yield Delta(key, words, tokens)
        yield from (Cite(key, citation) for citation in cited)
        yield Close(key, _with(block, "") if isinstance(block, Reasoning) else None)
    if answer.usage is not None:
        yield Tokens(answer.usage)
    yield Stop(answer.stop, answer.sequence)
    yield Done()


def _words(block: AnswerBlock) -> tuple[str, tuple[Citation, ...]]:
    match block:
        case Text(text=words, citations=cited):
            return words, cited
        case Refusal(text=words) | Reasoning(text=words):
            return words, ()
        case ToolCall(arguments=words):
            return words, ()
    return "", ()
