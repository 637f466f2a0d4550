"""Puts a client's dialect and an upstream's together, for one request and its answer.

A request goes payload → ``Conversation`` → payload, an answer bytes → events → bytes.
Both halves know the neutral words alone, so each pair is made here of two that do not
know of each other.
"""

from dataclasses import replace

import orjson

from ccproxy.dialects.answer import (
    Answer,
    Begin,
    Done,
    Event,
    Failed,
    Open,
    Problem,
    Tokens,
    Usage,
)
from ccproxy.dialects.conversation import (
    Block,
    Choice,
    Conversation,
    Text,
    ToolCall,
    ToolResult,
)
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.feature import Feature, Notes
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.names import Names
from ccproxy.dialects.speaker import Frame, Speaker, Writing
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.stops import Stops
from ccproxy.dialects.stream import StreamParser
from ccproxy.dialects.tap import Outcome
from ccproxy.dialects.tools import NamedBack
from ccproxy.dialects.whole import Collector, replay
from ccproxy.errors import UpstreamDiedError


class Translation:
    """One request in the upstream's dialect, and the way back for its answer.

    Args:
        client: The dialect of the caller.
        upstream: The dialect of the provider.
        payload: What the caller asks.
        model: What the provider is asked for.
        maker: The provider's name.
        name: Of the answer, where the provider gives it none.
        created: When the answer begins, in Unix seconds.

    Attributes:
        payload: What the provider is asked.

    Raises:
        BadRequestError: The request has no sense in its own dialect.
        UntranslatableError: It can't be asked in the other one.
    """

    def __init__(
        self,
        client: Dialect,
        upstream: Dialect,
        payload: JsonObject,
        *,
        model: str,
        maker: str,
        name: str,
        created: int,
    ) -> None:
        self._client = SPEAKERS[client]
        self._upstream = SPEAKERS[upstream]
        self._maker = maker
        self._name = name
        self._asked_notes = Notes(self._upstream.losses)
        self._told_notes = Notes(self._client.answer_losses)
        self._names = Names(self._upstream.longest_name, self._upstream.longest_id)
        self.payload = self._write(payload, model)
        self._frame = Frame(
            str(payload.get("model")), created, payload, self._told_notes
        )

    @property
    def notes(self) -> list[str]:
        """What was lost so far, of the request and of the answer."""
        return self._asked_notes.sentences + self._told_notes.sentences

    def read(self, body: bytes) -> Answer | Problem:
        """Read the provider's whole answer.

        Raises:
            UpstreamDiedError: It is no JSON object.
        """
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            payload = None
        if not isinstance(payload, dict):
            msg = "The upstream's answer is no JSON object."
            raise UpstreamDiedError(msg)
        answer = self._upstream.parse_answer(payload, self._maker)
        if isinstance(answer, Problem):
            return answer
        answer.id = answer.id or self._name
        answer = NamedBack(self._names).answer(answer)
        return Stops(self._stops).answer(answer) if self._stops else answer

    def render(self, answer: Answer) -> bytes:
        """Write a whole answer for the caller."""
        return orjson.dumps(self._client.render_answer(answer, self._frame))

    def replay(self, answer: Answer) -> bytes:
        """Write a whole answer as a stream, for a caller that asked for one."""
        return self._client.renderer(self._frame).write(replay(answer))

    def stream(self) -> "StreamTranslation":
        """Translate a stream as it comes."""
        return StreamTranslation(self._incoming(), self._client, self._frame)

    def collect(self) -> "Collection":
        """Make a whole answer of a stream."""
        return Collection(self._incoming())

    def _incoming(self) -> "Incoming":
        back = NamedBack(self._names) if self._names.changed else None
        stops = Stops(self._stops) if self._stops else None
        parser = self._upstream.parser(self._maker)
        return Incoming(parser, self._name, back, stops)

    def _write(self, payload: JsonObject, model: str) -> JsonObject:
        notes = self._asked_notes
        asked = self._client.parse_request(payload, notes)
        asked.model = model
        _tell_orphans(asked, notes)
        _forget_choice(asked)
        for name in sorted(asked.left_out):
            notes.lose(Feature.UNKNOWN, name)
        writing = Writing(self._maker, notes, self._names)
        written = self._upstream.render_request(asked, writing)
        self._stops = writing.stops
        renamed = (
            not each.namespace and not each.wrapped
            for each in self._names.tools.values()
        )
        if self._names.ids or any(renamed):
            notes.lose(Feature.LONG_NAME)
        return written


class Incoming:
    """An upstream's bytes as events, with the caller's names for tools.

    Args:
        parser: Reads the bytes.
        name: Of the answer, where the upstream gives it none.
        back: Names the tools, if they were called otherwise.
        stops: Ends the answer, where its provider can't be told to.
    """

    def __init__(
        self,
        parser: StreamParser,
        name: str,
        back: NamedBack | None,
        stops: Stops | None,
    ) -> None:
        self._parser = parser
        self._name = name
        self._back = back
        self._stops = stops
        self._begun = False

    @property
    def enough(self) -> bool:
        """Whether the answer has ended before its upstream has."""
        return self._stops is not None and self._stops.found

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk."""
        return self._named(self._parser.feed(chunk))

    def end(self) -> list[Event]:
        """Take the end of the bytes."""
        return self._named(self._parser.end())

    def _named(self, events: list[Event]) -> list[Event]:
        if not self._begun and events:
            self._begun = True
            events = self._from_the_beginning(events)
        if self._back is not None:
            events = self._back.events(events)
        return events if self._stops is None else self._stops.events(events)

    def _from_the_beginning(self, events: list[Event]) -> list[Event]:
        """See that an answer begins, and has a name, whatever the upstream left out."""
        first, *rest = events
        if isinstance(first, Begin):
            return [replace(first, id=first.id or self._name), *rest]
        return events if isinstance(first, Failed) else [Begin(self._name), *events]


class StreamTranslation:
    """A stream on its way from one dialect to another.

    Attributes:
        outcome: How far it has come.
        usage: What the events so far tell of tokens.
        model: The model that gives the answer, if that was told.
        tool_calls: How many tools the client was asked to call so far.
        between_events: Always; nothing but whole events goes out.
    """

    between_events = True

    def __init__(self, incoming: Incoming, client: Speaker, frame: Frame) -> None:
        self.outcome = Outcome.OPEN
        self.usage: Usage | None = None
        self.model = ""
        self.tool_calls = 0
        self._incoming = incoming
        self._renderer = client.renderer(frame)

    @property
    def enough(self) -> bool:
        """Whether nothing more is wanted of the upstream."""
        return self._incoming.enough

    def feed(self, chunk: bytes) -> bytes:
        """Translate a chunk; nothing comes of one that completes no event.

        Raises:
            UpstreamDiedError: An event is larger than any real one.
        """
        return self._told(self._incoming.feed(chunk))

    def end(self) -> bytes:
        """Translate what is left; the upstream's stream has ended."""
        return self._told(self._incoming.end())

    def fail(self, status: int, message: str, code: str) -> bytes:
        """End the stream with an error."""
        return self._told([Failed(Problem(status, message, code))])

    def _told(self, events: list[Event]) -> bytes:
        if events and self.outcome is Outcome.OPEN:
            self.outcome = _outcome(events[-1])
        for event in events:
            if isinstance(event, Tokens | Begin) and event.usage is not None:
                self.usage = event.usage
            if isinstance(event, Begin):
                self.model = event.model
            elif isinstance(event, Open) and isinstance(event.block, ToolCall):
                self.tool_calls += 1
        return self._renderer.write(events) if events else b""


class Collection:
    """A stream that becomes a whole answer, for a caller that asked for none.

    Args:
        incoming: The upstream's events.
    """

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._collector = Collector()

    @property
    def enough(self) -> bool:
        """Whether nothing more is wanted of the upstream."""
        return self._incoming.enough

    def feed(self, chunk: bytes) -> None:
        """Take a chunk."""
        self._collector.feed(self._incoming.feed(chunk))

    def result(self) -> Answer | Problem:
        """Return the answer; the stream has ended.

        Raises:
            UpstreamDiedError: It ended before the answer was complete.
        """
        self._collector.feed(self._incoming.end())
        if self._collector.problem is not None:
            return self._collector.problem
        if not self._collector.whole:
            msg = "The upstream's stream ended before its answer was complete."
            raise UpstreamDiedError(msg)
        return self._collector.answer()


def _outcome(last: Event) -> Outcome:
    if isinstance(last, Failed):
        return Outcome.FAILED
    return Outcome.DONE if isinstance(last, Done) else Outcome.OPEN


def _tell_orphans(asked: Conversation, notes: Notes) -> None:
    """Make text of results whose call is not there: an upstream would refuse them."""
    known: set[str] = set()
    for turn in asked.turns:
        known.update(each.id for each in turn.blocks if isinstance(each, ToolCall))
        blocks: list[Block] = []
        for block in turn.blocks:
            if isinstance(block, ToolResult) and block.call_id not in known:
                notes.lose(Feature.ORPHAN)
                blocks += [Text("Result of a tool:"), *block.content]
            else:
                blocks.append(block)
        turn.blocks = blocks


def _forget_choice(asked: Conversation) -> None:
    """Ask for no tool that could not be told of."""
    choice = asked.choice
    if choice is None or choice.choice is not Choice.ONE:
        return
    known = choice.name in {tool.name for tool in asked.tools}
    if not (known or (choice.search and asked.search is not None)):
        asked.choice = None


def without_seals(dialect: Dialect, payload: JsonObject) -> JsonObject:
    """Take out what is in envelopes of a request that is not translated.

    Its provider can't have made it: what a caller gets from the provider of its own
    dialect is in no envelope.

    Returns:
        The payload itself, if there was none.
    """
    return SPEAKERS[dialect].without_seals(payload)
