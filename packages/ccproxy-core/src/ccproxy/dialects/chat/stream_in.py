"""Reads streams of OpenAI Chat Completions.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from ccproxy.dialects.answer import (
    AnswerBlock,
    Begin,
    Cite,
    Close,
    Delta,
    Open,
    Problem,
    Stop,
    StopReason,
    Tokens,
)
from ccproxy.dialects.chat.answer import (
    FAILED,
    call_id,
    citations_of,
    logprobs_of,
    read_stop,
    read_usage,
    shown_of,
    thought_of,
    words_of,
)
from ccproxy.dialects.conversation import Opaque, Reasoning, Refusal, Text, ToolCall
from ccproxy.dialects.json import JsonObject, an_object, number, objects, text
from ccproxy.dialects.problem import no_answer, problem_of
from ccproxy.dialects.stream import StreamParser


class ChatParser(StreamParser):
    """Its chunks have no beginning and no end of a block; what comes next tells.

    The usage comes behind the reason for the end, so the end is ``[DONE]``, or that of
    the bytes once the reason was given: not every server sends ``[DONE]``.
    """

    def __init__(self, maker: str) -> None:
        super().__init__(maker)
        self._begun = False
        self._id = ""
        self._key = 0
        self._kind: type[AnswerBlock] | None = None
        self._calls: dict[int, tuple[int, str]] = {}
        self._count = 0
        self._shown: set[str] = set()
        self._refused = False
        self._stopped = False

    def _see(self, payload: JsonObject) -> None:
        if payload.get("error"):
            self._fail(problem_of(payload))
            return
        if not self._begun:
            self._begun = True
            self._id = text(payload.get("id"))
            self._tell(Begin(self._id, model=text(payload.get("model"))))
        choices = payload.get("choices")
        if isinstance(choices, list) and choices:
            choice = an_object(choices[0])
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._delta(delta, logprobs_of(choice) if "logprobs" in choice else ())
            finish = choice.get("finish_reason")
            if finish in FAILED:
                self._fail(no_answer(choice))
            elif isinstance(finish, str):
                self._stop(finish)
        usage = payload.get("usage")
        if isinstance(usage, dict):
            self._tell(Tokens(read_usage(usage)))

    def _word(self, data: bytes) -> bool:
        if data.strip() != b"[DONE]":
            return False
        if not self._stopped:
            self._stop("")
        self._close()
        return True

    def _ended(self) -> None:
        if self._stopped:
            self._close()

    def _delta(self, delta: JsonObject, tokens: tuple[JsonObject, ...]) -> None:
        words, thought = words_of(delta.get("content"))
        if thought:
            self._say(Reasoning, thought)
        if words or tokens:
            self._say(Text, words, tokens)
        if thought := thought_of(delta):
            self._say(Reasoning, thought)
        if refusal := delta.get("refusal"):
            self._refused = True
            self._say(Refusal, text(refusal))
        for kind in shown_of(delta):
            if kind not in self._shown:
                self._shown.add(kind)
                self._open(Opaque(kind))
                self._end_block()
        if delta.get("annotations") and self._kind is Text:
            self._tell(*(Cite(self._key, each) for each in citations_of(delta)))
        if calls := delta.get("tool_calls"):
            for call in objects(calls):
                self._call(call)

    def _say(
        self,
        kind: type[Text | Reasoning | Refusal],
        words: str,
        tokens: tuple[JsonObject, ...] = (),
    ) -> None:
        if self._kind is not kind:
            block = kind("")
            if isinstance(block, Reasoning):
                block = Reasoning("", maker=self._maker)
            self._open(block)
        if words or tokens:
            self._tell(Delta(self._key, words, tokens))

    def _open(self, block: AnswerBlock) -> None:
        self._end_block()
        self._key = self._next_key()
        self._kind = type(block)
        self._tell(Open(self._key, block))

    def _end_block(self) -> None:
        if self._kind is not None:
            self._tell(Close(self._key))
            self._kind = None

    def _call(self, call: JsonObject) -> None:
        """Read a piece of a tool call; a new id on an old index is a new call.

        Gemini's server gives every one of parallel calls the index 0.
        """
        index, name = number(call.get("index")), text(call.get("id"))
        custom = call.get("type") == "custom" or "custom" in call
        piece = an_object(call.get("custom" if custom else "function"))
        known = self._calls.get(index)
        if known is None or (name and name != known[1]):
            name = name or call_id(self._id, self._count)
            self._count += 1
            self._open(ToolCall(name, text(piece.get("name")), "", custom))
            known = self._calls[index] = (self._key, name)
        if known[0] != self._key or self._kind is not ToolCall:
            message = "The upstream went on with a tool call that it had left."
            self._fail(Problem(502, message, "upstream_died"))
            return
        if arguments := text(piece.get("input" if custom else "arguments")):
            self._tell(Delta(self._key, arguments))

    def _stop(self, finish: str) -> None:
        self._end_block()
        reason = read_stop(finish, bool(self._calls), self._refused)
        if not self._stopped or reason is not StopReason.END:
            self._tell(Stop(reason))
        self._stopped = True
