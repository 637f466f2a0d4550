"""Writes streams of Anthropic Messages.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming
"""

from dataclasses import replace

import orjson

from ccproxy.dialects.answer import AnswerBlock, Cite, Close, Delta, Open, Problem
from ccproxy.dialects.citations import of_a_page
from ccproxy.dialects.conversation import Reasoning, Refusal, Search, Text, ToolCall
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.messages.answer import (
    call_input,
    message,
    write_block,
    write_citation,
    write_stop,
    write_usage,
)
from ccproxy.dialects.messages.error import error_event
from ccproxy.dialects.messages.search import write_search
from ccproxy.dialects.seal import enclose
from ccproxy.dialects.speaker import Frame
from ccproxy.dialects.sse import render_event
from ccproxy.dialects.stream import StreamRenderer

_DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
)
_DELTA_END = b"}}\n\n"


class _Block:
    """A block that is open.

    Attributes:
        block: As it was opened.
        begun: What all its deltas begin with; empty until its start has gone out.
        index: Its number among the client's.
        said: What it said, where that is needed at its end.
    """

    __slots__ = ("begun", "block", "index", "said")

    def __init__(self, block: AnswerBlock) -> None:
        self.block = block
        self.begun = b""
        self.index = -1
        self.said: list[str] = []

    @property
    def is_free_text(self) -> bool:
        """Whether it is a call whose arguments have to be put into JSON."""
        return isinstance(self.block, ToolCall) and self.block.custom


def _kind(block: AnswerBlock) -> tuple[bytes, bytes]:
    if isinstance(block, ToolCall):
        return b"input_json_delta", b"partial_json"
    if isinstance(block, Reasoning):
        return b"thinking_delta", b"thinking"
    return b"text_delta", b"text"


class MessagesRenderer(StreamRenderer):
    """Writes a delta by putting its text between bytes that are known beforehand.

    Args:
        frame: What the answer is to look like.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame
        self._open: dict[int, _Block] = {}
        self._next = 0

    def _delta(self, event: Delta) -> bytes:
        block = self._open.get(event.key)
        if block is None:
            return b""
        if type(block.block) is not Text:
            if block.is_free_text:
                block.said.append(event.text)
                return b""
            if type(block.block) is Reasoning:
                block.said.append(event.text)
        started = b"" if block.begun else self._start(block)
        return started + block.begun + orjson.dumps(event.text) + _DELTA_END

    def _begin(self, name: str) -> bytes:
        begun = message(name, self._frame.model)
        begun["usage"] = write_usage(self._usage)
        return _event({"type": "message_start", "message": begun})

    def _open_block(self, event: Open) -> bytes:
        """Note a block; all but a tool call wait, for they may turn out to be empty."""
        block = _Block(event.block)
        if isinstance(event.block, Search):
            self._open[event.key] = block  # told when it is known what was found
            return b""
        if write_block(event.block, self._frame) is None:
            return b""
        self._open[event.key] = block
        if isinstance(event.block, Refusal):
            self._frame.notes.lose(Feature.REFUSAL)
        return self._start(block) if isinstance(event.block, ToolCall) else b""

    def _start(self, block: _Block, written: JsonObject | None = None) -> bytes:
        block.index = self._next
        self._next += 1
        block.begun = _DELTA % (block.index, *_kind(block.block))
        written = written or write_block(block.block, self._frame)
        kind = "content_block_start"
        return _event({"type": kind, "index": block.index, "content_block": written})

    def _cite(self, event: Cite) -> bytes:
        block = self._open.get(event.key)
        if block is None or not of_a_page(event.citation, self._frame.notes):
            return b""
        started = b"" if block.begun else self._start(block)
        citation = write_citation(event.citation)
        delta: JsonObject = {"type": "citations_delta", "citation": citation}
        kind = "content_block_delta"
        return started + _event({"type": kind, "index": block.index, "delta": delta})

    def _close_block(self, event: Close) -> bytes:
        block = self._open.pop(event.key, None)
        if block is None:
            return b""
        before = b""
        if isinstance(block.block, Search):
            known = event.block if isinstance(event.block, Search) else block.block
            return self._search(known)
        if block.is_free_text:
            given = call_input("".join(block.said), custom=True)
            arguments = orjson.dumps(orjson.dumps(given).decode())
            before = block.begun + arguments + _DELTA_END
        elif isinstance(block.block, Reasoning):
            before = self._seal(block, event)
        if not block.begun:
            return b""
        return before + _event({"type": "content_block_stop", "index": block.index})

    def _search(self, search: Search) -> bytes:
        """Write the two blocks of a search, the first as the API does: bit by bit."""
        use, found = write_search(search)
        asked = orjson.dumps(orjson.dumps(use["input"]).decode())
        told = b""
        for written in ({**use, "input": {}}, found):
            block = _Block(search)
            told += self._start(block, written)
            if written is not found:
                delta = (block.index, b"input_json_delta", b"partial_json")
                told += _DELTA % delta + asked + _DELTA_END
            told += _event({"type": "content_block_stop", "index": block.index})
        return told

    def _seal(self, block: _Block, event: Close) -> bytes:
        """End a block of reasoning with its seal; one without words is nothing else."""
        known = event.block if isinstance(event.block, Reasoning) else block.block
        if not isinstance(known, Reasoning):
            return b""
        whole = replace(known, text="".join(block.said))
        if whole.text:
            begun = _DELTA % (block.index, b"signature_delta", b"signature")
            return begun + orjson.dumps(enclose(whole)) + _DELTA_END
        if not whole.seal:
            return b""
        hidden: JsonObject = {"type": "redacted_thinking", "data": enclose(whole)}
        return self._start(block, hidden)

    def _end(self) -> bytes:
        stop = self._stop
        return _event(
            {
                "type": "message_delta",
                "delta": write_stop(stop.reason, stop.sequence),
                "usage": write_usage(self._usage),
            }
        ) + _event({"type": "message_stop"})

    def _fail(self, problem: Problem) -> bytes:
        return error_event(problem.status, problem.message, problem.code)


def _event(payload: JsonObject) -> bytes:
    return render_event(orjson.dumps(payload), str(payload["type"]))
