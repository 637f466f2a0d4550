"""Tools that another dialect has no words for, and the way back.

A custom tool takes free text. Where there is none, it becomes a function with the one
argument ``input``; calls of it are put into JSON and taken out again.
"""

import orjson

from ccproxy.dialects.answer import Answer, AnswerBlock, Close, Delta, Event, Open
from ccproxy.dialects.conversation import Tool, ToolCall
from ccproxy.dialects.json import JsonObject, an_object, text
from ccproxy.dialects.names import Names

_INPUT = "input"


def wrapped_schema(tool: Tool) -> JsonObject:
    """Describe a custom tool's free text as an argument, its grammar in words."""
    described = "The tool's whole input, as plain text."
    definition = text(tool.grammar.get("definition"))
    if definition:
        syntax = text(tool.grammar.get("syntax"))
        described += f" It must match this {syntax} grammar:\n{definition}"
    argument: JsonObject = {"type": "string", "description": described}
    return {
        "type": "object",
        "properties": {_INPUT: argument},
        "required": [_INPUT],
        "additionalProperties": False,
    }


def wrapped_arguments(free: str) -> JsonObject:
    """Put free text into an argument."""
    return {_INPUT: free}


def unwrapped_arguments(arguments: str) -> str:
    """Take free text out of its argument; what is not as it should be stays."""
    try:
        given = an_object(orjson.loads(arguments))
    except orjson.JSONDecodeError:
        return arguments
    free = given.get(_INPUT)
    return free if isinstance(free, str) else arguments


class NamedBack:
    """Calls tools in an answer what the caller calls them.

    Args:
        names: As the request was written with.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._wrapped: dict[int, list[str]] = {}

    def answer(self, answer: Answer) -> Answer:
        """Name the tools of a whole answer."""
        answer.blocks = [self._block(block) for block in answer.blocks]
        return answer

    def events(self, events: list[Event]) -> list[Event]:
        """Name the tools of a part of a stream.

        The free text of a wrapped tool is told when all of it has come.
        """
        named: list[Event] = []
        for event in events:
            match event:
                case Open(key=key, block=ToolCall() as call):
                    back = self._call(call)
                    if back.custom and not call.custom:
                        self._wrapped[key] = []
                    named.append(Open(key, back))
                case Delta(key=key, text=words) if key in self._wrapped:
                    self._wrapped[key].append(words)
                case Close(key=key) if key in self._wrapped:
                    free = unwrapped_arguments("".join(self._wrapped.pop(key)))
                    named += [Delta(key, free), event]
                case _:
                    named.append(event)
        return named

    def _block(self, block: AnswerBlock) -> AnswerBlock:
        if not isinstance(block, ToolCall):
            return block
        back = self._call(block)
        if back.custom and not block.custom:
            free = unwrapped_arguments(block.arguments)
            return ToolCall(back.id, back.name, free, back.custom, back.namespace)
        return back

    def _call(self, call: ToolCall) -> ToolCall:
        known = self._names.tools.get(call.name)
        call_id = self._names.ids.get(call.id, call.id)
        if known is None:
            return ToolCall(
                call_id, call.name, call.arguments, call.custom, call.namespace
            )
        custom = call.custom or known.wrapped
        return ToolCall(call_id, known.name, call.arguments, custom, known.namespace)
