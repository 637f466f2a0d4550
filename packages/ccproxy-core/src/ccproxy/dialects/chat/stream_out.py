"""Writes streams of OpenAI Chat Completions.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import orjson

from ccproxy.dialects.answer import Cite, Close, Delta, Open, Problem
from ccproxy.dialects.chat.answer import (
    answer_id,
    lose_seal,
    write_call,
    write_citation,
    write_logprobs,
    write_stop,
    write_usage,
)
from ccproxy.dialects.chat.error import error_event
from ccproxy.dialects.citations import of_a_page
from ccproxy.dialects.conversation import (
    Opaque,
    Reasoning,
    Refusal,
    Search,
    Text,
    ToolCall,
)
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import JsonObject, an_object
from ccproxy.dialects.speaker import Frame
from ccproxy.dialects.stream import StreamRenderer

_FIELDS = {Text: b"content", Refusal: b"refusal", Reasoning: b"reasoning_content"}


class ChatRenderer(StreamRenderer):
    """Writes a delta by putting its text between bytes that are known beforehand.

    Args:
        frame: What the answer is to look like.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame
        self._head = b""
        self._begun: dict[int, tuple[bytes, bytes]] = {}
        self._said: dict[int, int] = {}
        self._calls = 0
        self._refused = False

    def _delta(self, event: Delta) -> bytes:
        begun = self._begun.get(event.key)
        if begun is None:
            return b""
        if event.key in self._said:
            self._said[event.key] += len(event.text)
        if event.logprobs:
            return self._chunk({"content": event.text}, tokens=event.logprobs)
        return begun[0] + orjson.dumps(event.text) + begun[1]

    def _begin(self, name: str) -> bytes:
        base: JsonObject = {
            "id": answer_id(name),
            "object": "chat.completion.chunk",
            "created": self._frame.created,
            "model": self._frame.model,
        }
        self._head = b"data: " + orjson.dumps(base)[:-1]
        return self._chunk({"role": "assistant", "content": ""})

    def _chunk(
        self,
        delta: JsonObject,
        finish: str | None = None,
        tokens: tuple[JsonObject, ...] = (),
    ) -> bytes:
        choice: JsonObject = {"index": 0, "delta": delta, "finish_reason": finish}
        if tokens:
            choice["logprobs"] = write_logprobs(tokens)
        return self._head + b',"choices":[' + orjson.dumps(choice) + b"]}\n\n"

    def _open_block(self, event: Open) -> bytes:
        block = event.block
        if isinstance(block, ToolCall):
            return self._open_call(event.key, block)
        if isinstance(block, Search):
            self._frame.notes.lose(Feature.SEARCHED)
            return b""
        if isinstance(block, Opaque):
            self._frame.notes.lose(Feature.UNKNOWN_BLOCK, block.kind)
            return b""
        self._template(event.key, b'{"' + _FIELDS[type(block)] + b'":', b"}")
        if isinstance(block, Text):
            self._said[event.key] = 0
        elif isinstance(block, Refusal):
            self._refused = True
        return b""

    def _open_call(self, key: int, call: ToolCall) -> bytes:
        begun = write_call(call, self._frame)
        inner, field = ("custom", "input") if call.custom else ("function", "arguments")
        begun[inner] = {**an_object(begun[inner]), field: ""}
        index = b'{"tool_calls":[{"index":%d,"%b":{"%b":'
        delta = index % (self._calls, inner.encode(), field.encode())
        self._template(key, delta, b"}}]}")
        self._said[key] = 0
        opened = self._chunk({"tool_calls": [{"index": self._calls, **begun}]})
        self._calls += 1
        return opened

    def _template(self, key: int, before: bytes, after: bytes) -> None:
        self._begun[key] = (
            self._head + b',"choices":[{"index":0,"delta":' + before,
            after + b',"finish_reason":null}]}\n\n',
        )

    def _close_block(self, event: Close) -> bytes:
        """Forget a block; a call without arguments gets those that mean none."""
        begun = self._begun.pop(event.key, None)
        said = self._said.pop(event.key, None)
        if isinstance(event.block, Reasoning):
            lose_seal(event.block, self._frame)
        if begun is not None and said == 0 and b'"function"' in begun[0]:
            return begun[0] + b'"{}"' + begun[1]
        return b""

    def _cite(self, event: Cite) -> bytes:
        if not of_a_page(event.citation, self._frame.notes):
            return b""
        written = write_citation(event.citation, self._said.get(event.key, 0))
        return self._chunk({"annotations": [written]})

    def _end(self) -> bytes:
        finish = write_stop(self._stop, self._frame, refused=self._refused)
        ended = self._chunk({}, finish)
        options = an_object(self._frame.asked.get("stream_options"))
        if options.get("include_usage") is True:
            usage = orjson.dumps(write_usage(self._usage))
            ended += self._head + b',"choices":[],"usage":' + usage + b"}\n\n"
        return ended + b"data: [DONE]\n\n"

    def _fail(self, problem: Problem) -> bytes:
        return error_event(problem.status, problem.message, problem.code)
