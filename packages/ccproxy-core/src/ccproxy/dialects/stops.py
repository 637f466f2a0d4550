"""Ends an answer at a stop sequence, where its provider can't be told to.

Of a stream no more is held back than may be the beginning of a sequence. At the first
one the answer ends; what the provider goes on to say is not wanted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccproxy.dialects.answer import (
    Answer,
    AnswerBlock,
    Close,
    Delta,
    Done,
    Event,
    Failed,
    Open,
    Stop,
    StopReason,
)
from ccproxy.dialects.conversation import Text
from ccproxy.dialects.json import JsonObject, text


@dataclass(slots=True)
class _Held:
    """The end of an open text.

    Attributes:
        words: Held back.
        tokens: How likely they were.
        ahead: Characters of the first token that have gone out.
    """

    words: str = ""
    tokens: tuple[JsonObject, ...] = ()
    ahead: int = 0

    def give(self, length: int) -> tuple[str, tuple[JsonObject, ...]]:
        """Give so many characters, and the tokens that end within them."""
        words, self.words = self.words[:length], self.words[length:]
        self.ahead += length
        count = 0
        for token in self.tokens:
            size = len(text(token.get("token")))
            if size > self.ahead:
                break
            self.ahead -= size
            count += 1
        tokens, self.tokens = self.tokens[:count], self.tokens[count:]
        return words, tokens


class Stops:
    """Watches the texts of one answer.

    Args:
        sequences: What ends it; none of them is empty.

    Attributes:
        found: Whether the answer has ended at one.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self.found = False
        self._sequences = sequences
        self._longest = max(map(len, sequences))
        heads = {sequence[0] for sequence in sequences}
        self._heads = re.compile("|".join(map(re.escape, sorted(heads))))
        self._held: dict[int, _Held | None] = {}

    def answer(self, answer: Answer) -> Answer:
        """Cut a whole answer."""
        kept: list[AnswerBlock] = []
        for block in answer.blocks:
            end = self._first(block.text) if isinstance(block, Text) else None
            if end is None or not isinstance(block, Text):
                kept.append(block)
                continue
            place, sequence = end
            words, tokens = _Held(block.text, block.logprobs).give(place)
            kept.append(replace(block, text=words, logprobs=tokens))
            answer.stop, answer.sequence = StopReason.SEQUENCE, sequence
            break
        answer.blocks = kept
        return answer

    def events(self, events: Sequence[Event]) -> list[Event]:
        """Cut a part of a stream; nothing comes once it has ended."""
        told: list[Event] = []
        for event in events:
            if self.found:
                break
            match event:
                case Delta(key=key) if held := self._held.get(key):
                    told += self._said(event, held)
                    continue
                case Open(key=key, block=block):
                    self._held[key] = _Held() if isinstance(block, Text) else None
                case Close(key=key):
                    told += self._rest(key)
                case Done() | Failed():
                    told += [each for key in [*self._held] for each in self._rest(key)]
            told.append(event)
        return told

    def _said(self, event: Delta, held: _Held) -> list[Event]:
        held.words += event.text
        held.tokens += event.logprobs
        end = self._first(held.words)
        if end is not None:
            place, sequence = end
            self.found = True
            said = _delta(event.key, held, place)
            closed = [Close(key) for key in self._held]
            return [*said, *closed, Stop(StopReason.SEQUENCE, sequence), Done()]
        return _delta(event.key, held, self._safe(held.words))

    def _rest(self, key: int) -> list[Event]:
        """Give what was held back: nothing more will come of it."""
        held = self._held.pop(key, None)
        return _delta(key, held, len(held.words)) if held else []

    def _first(self, words: str) -> tuple[int, str] | None:
        """Find the sequence that is complete first, and where it begins."""
        found = [
            (place + len(sequence), place, sequence)
            for sequence in self._sequences
            if (place := words.find(sequence)) >= 0
        ]
        if not found:
            return None
        _, place, sequence = min(found)
        return place, sequence

    def _safe(self, words: str) -> int:
        """Count the characters before what may be the beginning of a sequence."""
        for head in self._heads.finditer(words, max(0, len(words) - self._longest + 1)):
            tail = words[head.start() :]
            if any(sequence.startswith(tail) for sequence in self._sequences):
                return head.start()
        return len(words)


def _delta(key: int, held: _Held, length: int) -> list[Event]:
    words, tokens = held.give(length)
    return [Delta(key, words, tokens)] if words or tokens else []
