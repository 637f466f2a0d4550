"""What a dialect has to bring along to be spoken; none has to know another.

Each dialect's package makes one ``Speaker``. ``convert`` puts two of them together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ccproxy.dialects.answer import Answer, Problem
from ccproxy.dialects.conversation import Conversation
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.feature import Feature, Losses, Notes
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.names import Names
from ccproxy.dialects.stream import StreamParser, StreamRenderer


@dataclass(slots=True)
class Writing:
    """What a request is written with.

    Attributes:
        maker: The provider's name; only reasoning of its own making goes to it.
        notes: Told of what is lost.
        names: Gives names that the upstream takes.
        stops: Stop sequences that it can't be told of.
    """

    maker: str
    notes: Notes
    names: Names
    stops: list[str] = field(default_factory=list)

    def heed(self, sequences: Sequence[str]) -> None:
        """See to it that stop sequences end the answer, though nobody is told."""
        if wanted := [each for each in sequences if each]:
            self.notes.lose(Feature.STOP)
            self.stops += wanted


@dataclass(frozen=True, slots=True)
class Frame:
    """What the answer to a client is to look like.

    Attributes:
        model: The name the client asked for.
        created: Unix seconds.
        asked: The client's request.
        notes: Told of what is lost.
    """

    model: str
    created: int
    asked: JsonObject
    notes: Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One dialect.

    Attributes:
        dialect: Which.
        losses: What a request in it can't tell as it is.
        answer_losses: What an answer in it can't tell as it is.
        unsaid: What its callers have no words for.
        unanswered: What its providers have no words for.
        longest_name: Characters of a tool's name.
        longest_id: Characters of a tool call's id.
        parse_request: Reads a request. Raises ``BadRequestError`` if it has no sense.
        render_request: Writes one. Raises ``UntranslatableError``.
        without_seals: Takes out reasoning in an envelope, for a request that is not
            converted. Returns the payload itself if there was none.
        parse_answer: Reads a whole answer of the named provider, or that it failed.
        render_answer: Writes one.
        parser: Reads a stream of the named provider.
        renderer: Writes one.
        error_body: Writes an error: status, message, code.
        error_event: Writes the event of an error that ends a stream which was not
            converted: status, message, code, and the last event before it.
    """

    dialect: Dialect
    losses: Losses
    answer_losses: Losses
    unsaid: frozenset[Feature]
    unanswered: frozenset[Feature]
    longest_name: int
    longest_id: int
    parse_request: Callable[[JsonObject, Notes], Conversation]
    render_request: Callable[[Conversation, Writing], JsonObject]
    without_seals: Callable[[JsonObject], JsonObject]
    parse_answer: Callable[[JsonObject, str], Answer | Problem]
    render_answer: Callable[[Answer, Frame], JsonObject]
    parser: Callable[[str], StreamParser]
    renderer: Callable[[Frame], StreamRenderer]
    error_body: Callable[[int, str, str], JsonObject]
    error_event: Callable[[int, str, str, bytes], bytes]
