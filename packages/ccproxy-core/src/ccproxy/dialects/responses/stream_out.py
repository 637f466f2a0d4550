"""Writes streams of OpenAI Responses.

The terminal event repeats the whole output, so this dialect alone has to keep what it
said until the end.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from dataclasses import replace

import orjson

from ccproxy.dialects.answer import (
    Answer,
    AnswerBlock,
    Cite,
    Close,
    Delta,
    Open,
    Problem,
)
from ccproxy.dialects.citations import of_a_page
from ccproxy.dialects.conversation import (
    Citation,
    Opaque,
    Reasoning,
    Refusal,
    Search,
    Text,
    ToolCall,
)
from ccproxy.dialects.json import JsonObject, text
from ccproxy.dialects.responses.answer import (
    call_item,
    finished,
    item_id,
    message_item,
    response,
    text_part,
    write_citation,
    write_item,
)
from ccproxy.dialects.responses.error import error_code
from ccproxy.dialects.responses.search import search_item
from ccproxy.dialects.seal import enclose_id
from ccproxy.dialects.speaker import Frame
from ccproxy.dialects.sse import render_event
from ccproxy.dialects.stream import StreamRenderer

_DELTA = b'event: %b\ndata: {"type":"%b","item_id":%b,%b"output_index":%d,"delta":'
_IN_PART = b'"content_index":0,'
_LOGPROBS = b'"logprobs":%b,'
_NO_LOGPROBS = _LOGPROBS % b"[]"
_SHAPES: dict[type[AnswerBlock], tuple[str, bytes]] = {
    Text: ("response.output_text", _IN_PART + _NO_LOGPROBS),
    Refusal: ("response.refusal", _IN_PART),
    Reasoning: ("response.reasoning_summary_text", b'"summary_index":0,'),
    ToolCall: ("response.function_call_arguments", b""),
    Search: ("response.web_search_call", b""),
}
_FREE_TEXT = "response.custom_tool_call_input"


class _Block:
    """A block that is open.

    Attributes:
        block: As it was opened.
        index: Its item's place in the output; negative until the item has begun.
        id: Its item's.
        begun: What all its deltas begin with.
        said: What it said.
        length: Characters of that.
        cited: What it cites.
        tokens: How likely what it said was.
    """

    __slots__ = ("begun", "block", "cited", "id", "index", "length", "said", "tokens")

    def __init__(self, block: AnswerBlock) -> None:
        self.block = block
        self.index = -1
        self.id = ""
        self.begun = b""
        self.said: list[str] = []
        self.length = 0
        self.cited: list[Citation] = []
        self.tokens: list[JsonObject] = []

    def begin(self, index: int, answer: str) -> None:
        """Give it its place and its name."""
        kind = {Reasoning: "rs", ToolCall: "fc"}.get(type(self.block), "msg")
        self.index = index
        self.id = item_id(kind, answer, index)
        if isinstance(self.block, ToolCall):
            self.id = text(call_item(self.block, self.id)["id"])
        elif isinstance(self.block, Search):
            self.id = enclose_id(self.block.maker, self.block.id)
        event, place = self.shape
        name = f"{event}.delta".encode()
        self.begun = _DELTA % (name, name, orjson.dumps(self.id), place, index)

    @property
    def shape(self) -> tuple[str, bytes]:
        """The name of its events, and what they say of its place."""
        if isinstance(self.block, ToolCall) and self.block.custom:
            return _FREE_TEXT, b""
        return _SHAPES[type(self.block)]

    def whole(self, known: AnswerBlock | None) -> AnswerBlock:
        """Put together what was said of it."""
        words = "".join(self.said)
        match self.block:
            case Text():
                return Text(words, tuple(self.cited), tuple(self.tokens))
            case Refusal():
                return Refusal(words)
            case Reasoning():
                last = known if isinstance(known, Reasoning) else self.block
                return replace(last, text=words)
            case ToolCall():
                return replace(self.block, arguments=words)
            case Search():
                return known or self.block
        return self.block


class ResponsesRenderer(StreamRenderer):
    """Writes a delta by putting its text between bytes that are known beforehand.

    Args:
        frame: What the answer is to look like.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame
        self._id = ""
        self._begun = False
        self._number = 0
        self._open: dict[int, _Block] = {}
        self._next = 0
        self._output: dict[int, JsonObject] = {}

    def _delta(self, event: Delta) -> bytes:
        block = self._open.get(event.key)
        if block is None:
            return b""
        started = b"" if block.begun else self._start(block)
        block.said.append(event.text)
        block.length += len(event.text)
        begun = block.begun
        if event.logprobs:
            block.tokens += event.logprobs
            told = _LOGPROBS % orjson.dumps(event.logprobs)
            begun = begun.replace(_NO_LOGPROBS, told)
        number = self._number
        self._number = number + 1
        end = b',"sequence_number":%d}\n\n' % number
        return started + begun + orjson.dumps(event.text) + end

    def _event(self, kind: str, **fields: object) -> bytes:
        number = self._number
        self._number = number + 1
        payload = {"type": kind, **fields, "sequence_number": number}
        return render_event(orjson.dumps(payload), kind)

    def _begin(self, name: str) -> bytes:
        self._begun = True
        self._id = name
        body = response(name, "in_progress", self._frame)
        created = self._event("response.created", response=body)
        return created + self._event("response.in_progress", response=body)

    def _open_block(self, event: Open) -> bytes:
        """Note a block; all but calls wait, for they may turn out to be empty."""
        if isinstance(event.block, Opaque):
            write_item(event.block, "", 0, self._frame)
            return b""
        block = self._open[event.key] = _Block(event.block)
        return self._start(block) if isinstance(event.block, ToolCall | Search) else b""

    def _start(self, block: _Block) -> bytes:
        block.begin(self._next, self._id)
        self._next += 1
        place: dict[str, object] = {"item_id": block.id, "output_index": block.index}
        added = "response.output_item.added"
        match block.block:
            case ToolCall():
                item = call_item(block.block, item_id("fc", self._id, block.index))
                return self._event(added, output_index=block.index, item=item)
            case Search():
                item = {
                    **search_item(block.block, self._frame),
                    "status": "in_progress",
                }
                begun = self._event(added, output_index=block.index, item=item)
                for state in ("in_progress", "searching"):
                    begun += self._event(f"{block.shape[0]}.{state}", **place)
                return begun
            case Reasoning():
                item = {"type": "reasoning", "id": block.id, "summary": []}
                begun = self._event(added, output_index=block.index, item=item)
                part: JsonObject = {"type": "summary_text", "text": ""}
                kind = "response.reasoning_summary_part.added"
                return begun + self._event(kind, **place, summary_index=0, part=part)
        item = {**message_item(block.id), "status": "in_progress"}
        begun = self._event(added, output_index=block.index, item=item)
        part = text_part("", [])
        if isinstance(block.block, Refusal):
            part = {"type": "refusal", "refusal": ""}
        kind = "response.content_part.added"
        return begun + self._event(kind, **place, content_index=0, part=part)

    def _cite(self, event: Cite) -> bytes:
        block = self._open.get(event.key)
        if block is None or not of_a_page(event.citation, self._frame.notes):
            return b""
        started = b"" if block.begun else self._start(block)
        block.cited.append(event.citation)
        return started + self._event(
            "response.output_text.annotation.added",
            item_id=block.id,
            output_index=block.index,
            content_index=0,
            annotation_index=len(block.cited) - 1,
            annotation=write_citation(event.citation, block.length),
        )

    def _close_block(self, event: Close) -> bytes:
        block = self._open.pop(event.key, None)
        if block is None:
            return b""
        whole = block.whole(event.block)
        begun = bool(block.begun)
        index = block.index if begun else self._next
        item = write_item(whole, self._id, index, self._frame)
        if item is None:
            return b""
        before = b""
        if not begun:  # reasoning of which only the seal is known
            self._next += 1
            added = {**item, "encrypted_content": None}
            kind = "response.output_item.added"
            before = self._event(kind, output_index=index, item=added)
        self._output[index] = item
        ended = self._ended(block, whole, item) if begun else b""
        kind = "response.output_item.done"
        return before + ended + self._event(kind, output_index=index, item=item)

    def _ended(self, block: _Block, whole: AnswerBlock, item: JsonObject) -> bytes:
        """Write the events that repeat what a block said."""
        place: dict[str, object] = {"item_id": block.id, "output_index": block.index}
        done = f"{block.shape[0]}.done"
        match whole:
            case Text(text=words):
                inner = {**place, "content_index": 0}
                part = _first(item, "content")
                said = self._event(done, **inner, text=words, logprobs=whole.logprobs)
                kind = "response.content_part.done"
                return said + self._event(kind, **inner, part=part)
            case Refusal(text=words):
                inner = {**place, "content_index": 0}
                said = self._event(done, **inner, refusal=words)
                kind, part = "response.content_part.done", _first(item, "content")
                return said + self._event(kind, **inner, part=part)
            case Reasoning(text=words):
                inner = {**place, "summary_index": 0}
                said = self._event(done, **inner, text=words)
                kind = "response.reasoning_summary_part.done"
                part = _first(item, "summary")
                return said + self._event(kind, **inner, part=part)
            case Search():
                return self._event(f"{block.shape[0]}.completed", **place)
            case ToolCall():
                names = ("input",) if whole.custom else ("name", "arguments")
                told = {name: item[name] for name in names}
                return self._event(done, **place, **told)
        return b""

    def _end(self) -> bytes:
        output = [self._output[index] for index in sorted(self._output)]
        stop = self._stop
        answer = Answer(self._id, [], stop.reason, stop.sequence, self._usage)
        body = finished(answer, output, self._frame)
        return self._event(f"response.{body['status']}", response=body)

    def _fail(self, problem: Problem) -> bytes:
        error = {"code": error_code(problem), "message": problem.message}
        if not self._begun:
            return self._event("error", **error, param=None)
        body = response(self._id, "failed", self._frame) | {"error": error}
        return self._event("response.failed", response=body)


def _first(item: JsonObject, name: str) -> object:
    parts = item[name]
    return parts[0] if isinstance(parts, list) else None
