"""Reads streams of OpenAI Responses.

Sources: https://platform.openai.com/docs/api-reference/responses-streaming; that
ChatGPT's backend may send items in their ``output_item.done`` alone, and none in its
terminal event, is known from public reports (since 2026-04).
"""

from dataclasses import replace

from ccproxy.dialects.answer import (
    AnswerBlock,
    Begin,
    Cite,
    Close,
    Delta,
    Open,
    Problem,
    Stop,
    Tokens,
)
from ccproxy.dialects.conversation import Reasoning, Refusal, Search, Text, ToolCall
from ccproxy.dialects.json import JsonObject, an_object, number, objects, text
from ccproxy.dialects.openai import read_logprobs
from ccproxy.dialects.problem import problem_of
from ccproxy.dialects.responses.answer import (
    read_item,
    read_stop,
    read_usage,
)
from ccproxy.dialects.responses.request_in import read_citations
from ccproxy.dialects.stream import StreamParser

_DELTAS = {
    "response.output_text.delta": Text,
    "response.refusal.delta": Refusal,
    "response.function_call_arguments.delta": ToolCall,
    "response.custom_tool_call_input.delta": ToolCall,
    "response.reasoning_summary_text.delta": Reasoning,
    "response.reasoning_text.delta": Reasoning,
}
_ENDINGS = ("response.completed", "response.incomplete")


class _Item:
    """An item of the output.

    Attributes:
        keys: Of its blocks that are open, by their place in it.
        opened: Places that have begun, be they open still or not.
        told: Places of which something was said.
        cited: Places whose citations were told.
        kind: What its reasoning is told by: a summary, or the thoughts themselves.
        part: The part of the summary that was told last.
    """

    __slots__ = ("cited", "keys", "kind", "opened", "part", "told")

    def __init__(self) -> None:
        self.keys: dict[int, int] = {}
        self.opened: set[int] = set()
        self.told: set[int] = set()
        self.cited: set[int] = set()
        self.kind = ""
        self.part = 0


class ResponsesParser(StreamParser):
    """Its items have a beginning, deltas and an end; only the end is sure to come."""

    def __init__(self, maker: str) -> None:
        super().__init__(maker)
        self._begun = False
        self._items: dict[int, _Item] = {}
        self._seen = 0
        self._kinds: list[AnswerBlock] = []

    def _see(self, payload: JsonObject) -> None:
        kind = text(payload.get("type"))
        block = _DELTAS.get(kind)
        if block is not None:
            self._delta(kind, block, payload)
            return
        match kind:
            case "response.output_item.added":
                self._add(payload)
            case "response.output_item.done":
                self._done(payload)
            case "response.content_part.added":
                self._add_part(payload)
            case "response.content_part.done" if not _is_thought(payload):
                self._end_block(self._item(payload), _place(payload))
            case "response.output_text.annotation.added":
                self._cite(payload)
            case "response.created" | "response.in_progress":
                self._begin(an_object(payload.get("response")))
            case "response.failed" | "error":
                self._fail(_problem(payload))
            case _ if kind in _ENDINGS:
                self._finish(an_object(payload.get("response")))

    def _begin(self, response: JsonObject) -> None:
        if not self._begun:
            self._begun = True
            name, model = text(response.get("id")), text(response.get("model"))
            self._tell(Begin(name, model=model))

    def _item(self, payload: JsonObject) -> _Item:
        index = number(payload.get("output_index"))
        item = self._items.get(index)
        if item is None:
            self._begin({})
            item = self._items[index] = _Item()
        return item

    def _delta(self, kind: str, block: type[AnswerBlock], payload: JsonObject) -> None:
        item, place = self._item(payload), _place(payload)
        if block is Reasoning:
            place = 0
            if not self._goes_on(item, kind, payload):
                return
        key = item.keys.get(place)
        if key is None:
            if block is ToolCall or place in item.opened:
                return  # its item will tell, or has told, all of it
            key = self._open(item, place, _empty(block, self._maker))
        words, tokens = text(payload.get("delta")), payload.get("logprobs")
        if words or tokens:
            item.told.add(place)
            self._tell(Delta(key, words, read_logprobs(tokens) if tokens else ()))

    def _goes_on(self, item: _Item, kind: str, payload: JsonObject) -> bool:
        """Tell whether a delta counts: of thoughts and summary, what came first."""
        item.kind = item.kind or kind
        part = number(payload.get("summary_index"))
        if kind == item.kind and part != item.part:
            item.part = part
            if 0 in item.told and 0 in item.keys:
                self._tell(Delta(item.keys[0], "\n\n"))
        return kind == item.kind

    def _open(self, item: _Item, place: int, block: AnswerBlock) -> int:
        key = item.keys[place] = self._next_key()
        item.opened.add(place)
        self._kinds.append(block)
        self._tell(Open(key, block))
        return key

    def _end_block(
        self, item: _Item, place: int, block: AnswerBlock | None = None
    ) -> None:
        key = item.keys.pop(place, None)
        if key is not None:
            self._tell(Close(key, block))

    def _end_item(self, item: _Item) -> None:
        for place in list(item.keys):
            self._end_block(item, place)

    def _add(self, payload: JsonObject) -> None:
        item = self._item(payload)
        for block in read_item(an_object(payload.get("item")), self._maker):
            match block:
                case ToolCall():
                    self._open(item, 0, replace(block, arguments=""))
                case Reasoning():
                    begun = Reasoning("", maker=self._maker, id=block.id)
                    self._open(item, 0, begun)
                case Search():
                    self._open(item, 0, block)

    def _add_part(self, payload: JsonObject) -> None:
        item, place = self._item(payload), _place(payload)
        part = an_object(payload.get("part"))
        if place not in item.opened and not _is_thought(payload):
            refuses = part.get("type") == "refusal"
            self._open(item, place, Refusal("") if refuses else Text(""))

    def _done(self, payload: JsonObject) -> None:
        """Tell what the deltas of an item have left out, and end it."""
        item = self._item(payload)
        self._seen += 1
        blocks = read_item(an_object(payload.get("item")), self._maker)
        for place, block in enumerate(blocks):
            self._complete(item, place, block)
        self._end_item(item)
        del self._items[number(payload.get("output_index"))]

    def _complete(self, item: _Item, place: int, block: AnswerBlock) -> None:
        words, rest = _split(block)
        if place not in item.opened:
            self._open(item, place, _unsealed(rest))
        key = item.keys.get(place)
        if key is None:
            return
        if words and place not in item.told:
            tokens = block.logprobs if isinstance(block, Text) else ()
            self._tell(Delta(key, words, tokens))
        if isinstance(block, Text) and place not in item.cited:
            self._tell(*(Cite(key, each) for each in block.citations))
        self._end_block(item, place, rest if _tells_more(rest) else None)

    def _cite(self, payload: JsonObject) -> None:
        item = self._item(payload)
        key = item.keys.get(_place(payload))
        if key is not None:
            item.cited.add(_place(payload))
            cited = read_citations({"annotations": [payload.get("annotation")]})
            self._tell(*(Cite(key, citation) for citation in cited))

    def _finish(self, response: JsonObject) -> None:
        self._begin(response)
        if not self._seen:
            for index, whole in enumerate(objects(response.get("output"))):
                self._done({"output_index": index, "item": whole})
        for item in self._items.values():
            self._end_item(item)
        usage = response.get("usage")
        if isinstance(usage, dict):
            self._tell(Tokens(read_usage(usage)))
        self._tell(Stop(read_stop(response, self._kinds)))
        self._close()


def _place(payload: JsonObject) -> int:
    return number(payload.get("content_index"))


def _is_thought(payload: JsonObject) -> bool:
    """Tell a part of reasoning, which ends with its item alone: the seal is there."""
    return an_object(payload.get("part")).get("type") == "reasoning_text"


def _tells_more(block: AnswerBlock) -> bool:
    """Tell whether a block is known only at its end."""
    sealed = isinstance(block, Reasoning) and bool(block.seal)
    return sealed or isinstance(block, Search)


def _unsealed(block: AnswerBlock) -> AnswerBlock:
    return replace(block, seal="") if isinstance(block, Reasoning) else block


def _empty(kind: type[AnswerBlock], maker: str) -> AnswerBlock:
    if kind is Reasoning:
        return Reasoning("", maker=maker)
    return Refusal("") if kind is Refusal else Text("")


def _split(block: AnswerBlock) -> tuple[str, AnswerBlock]:
    """Take the words out of a block."""
    match block:
        case Text(text=words):
            return words, Text("")
        case Refusal(text=words):
            return words, Refusal("")
        case Reasoning(text=words):
            return words, replace(block, text="")
        case ToolCall(arguments=words):
            return words, replace(block, arguments="")
    return "", block


def _problem(payload: JsonObject) -> Problem:
    """Read ``response.failed``, whose error lies in the response, or ``error``."""
    return problem_of(an_object(payload.get("response")) or payload)
