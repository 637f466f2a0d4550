"""Reads streams of Anthropic Messages.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming
"""

from dataclasses import replace

import orjson

from ccproxy.dialects.answer import Begin, Cite, Close, Delta, Open, Stop, Tokens, Usage
from ccproxy.dialects.conversation import Reasoning, Search, Text, ToolCall
from ccproxy.dialects.json import JsonObject, an_object, number, text
from ccproxy.dialects.messages.answer import (
    read_block,
    read_stop,
    read_usage,
    update_usage,
)
from ccproxy.dialects.messages.request_in import read_citation
from ccproxy.dialects.messages.search import FOUND, with_found
from ccproxy.dialects.problem import problem_of
from ccproxy.dialects.stream import StreamParser


class MessagesParser(StreamParser):
    """Its events are nearly the neutral ones; blocks are named by their index."""

    def __init__(self, maker: str) -> None:
        super().__init__(maker)
        self._usage = Usage()
        self._seals: dict[int, str] = {}
        self._input: dict[int, str] = {}
        self._searches: dict[int, Search] = {}
        self._part_of_a_search = -1

    def _see(self, payload: JsonObject) -> None:
        kind = payload.get("type")
        if kind == "content_block_delta":
            self._delta(number(payload.get("index")), an_object(payload.get("delta")))
            return
        match kind:
            case "content_block_start":
                self._open(payload)
            case "content_block_stop":
                self._stop_block(number(payload.get("index")))
            case "message_start":
                message = an_object(payload.get("message"))
                self._usage = read_usage(an_object(message.get("usage")))
                name, model = text(message.get("id")), text(message.get("model"))
                self._tell(Begin(name, self._usage, model))
            case "message_delta":
                self._stop(payload)
            case "message_stop":
                for key in [*self._searches]:
                    self._end_search(key, {})
                self._close()
            case "error":
                self._fail(problem_of(payload))

    def _delta(self, key: int, delta: JsonObject) -> None:
        kind = delta.get("type")
        if kind == "text_delta":
            self._say(key, delta.get("text"))
        elif kind == "input_json_delta":
            if key in self._searches:
                self._input[key] += text(delta.get("partial_json"))
            elif arguments := delta.get("partial_json"):
                self._input.pop(key, None)
                self._say(key, arguments)
        elif kind == "thinking_delta":
            self._say(key, delta.get("thinking"))
        elif kind == "signature_delta":
            seal = self._seals.get(key, "") + text(delta.get("signature"))
            self._seals[key] = seal
        elif kind == "citations_delta":
            cited = read_citation(an_object(delta.get("citation")))
            self._tell(Cite(key, cited))

    def _say(self, key: int, words: object) -> None:
        if isinstance(words, str) and words:
            self._tell(Delta(key, words))

    def _open(self, payload: JsonObject) -> None:
        """Open a block; what it already says is told as a delta."""
        key = number(payload.get("index"))
        part = an_object(payload.get("content_block"))
        if part.get("type") == FOUND:
            self._part_of_a_search = key
            self._found(part)
            return
        block = read_block(part, self._maker)
        match block:
            case Search():
                self._searches[key], self._input[key] = block, ""
                self._tell(Open(key, block))
            case Text(text=words):
                self._tell(Open(key, Text("")))
                self._say(key, words)
                self._tell(*(Cite(key, each) for each in block.citations))
            case Reasoning(text=words, seal=seal, hidden=False):
                self._seals[key] = seal
                self._tell(Open(key, replace(block, text="", seal="")))
                self._say(key, words)
            case ToolCall(arguments=arguments):
                self._input[key] = arguments  # told at the end, if nothing else comes
                self._tell(Open(key, replace(block, arguments="")))
            case _:
                self._tell(Open(key, block))

    def _found(self, part: JsonObject) -> None:
        """End the search whose findings come."""
        for key, search in [*self._searches.items()]:
            if search.id == part.get("tool_use_id"):
                self._end_search(key, part)

    def _end_search(self, key: int, part: JsonObject) -> None:
        search = with_found(self._searches.pop(key), part)
        self._tell(Close(key, search))

    def _read_search(self, key: int) -> None:
        """Read what is searched for, now that all of it has come."""
        try:
            asked = an_object(orjson.loads(self._input.pop(key) or b"{}"))
        except orjson.JSONDecodeError:
            asked = {}
        search = self._searches[key]
        self._searches[key] = replace(search, asked={**search.asked, **asked})

    def _stop_block(self, key: int) -> None:
        if key in self._input and key in self._searches:
            self._read_search(key)
            return
        if key == self._part_of_a_search:
            return
        self._say(key, self._input.pop(key, ""))
        seal = self._seals.pop(key, None)
        known = None if seal is None else Reasoning("", seal, self._maker)
        self._tell(Close(key, known))

    def _stop(self, payload: JsonObject) -> None:
        """Read the totals; those that a delta leaves out are as they were."""
        usage = payload.get("usage")
        if isinstance(usage, dict):
            self._usage = update_usage(self._usage, usage)
            self._tell(Tokens(self._usage))
        delta = an_object(payload.get("delta"))
        if delta.get("stop_reason"):
            self._tell(Stop(read_stop(delta), text(delta.get("stop_sequence"))))
