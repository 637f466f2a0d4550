"""For every pair: what the table calls kept comes out as it went in."""

from dataclasses import replace
from itertools import product

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, StopReason, Usage
from ccproxy.dialects.conversation import (
    Block,
    Choice,
    Conversation,
    Effort,
    Format,
    Image,
    Reasoning,
    Role,
    Setting,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.feature import Feature, Notes, Outcome
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.names import Names
from ccproxy.dialects.speaker import Writing
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.table import asked
from core.dialects.streams import collect
from fakes.strict import complaints

pytestmark = pytest.mark.unit

PAIRS = pytest.mark.parametrize(
    ("client", "upstream"), [(a, b) for a, b in product(Dialect, Dialect) if a is not b]
)
WORDS = st.text(min_size=1, max_size=12).filter(str.strip)
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,12}", fullmatch=True)
IMAGES = st.one_of(
    st.just(Image(url="https://example.com/i.png")),
    st.just(Image(media_type="image/png", data="iVBORw0KGgo=")),
)
SCHEMAS: st.SearchStrategy[JsonObject] = st.sampled_from(
    [
        {"type": "object", "additionalProperties": False},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ]
)
ARGUMENTS = st.dictionaries(NAMES, st.one_of(WORDS, st.integers(0, 9), st.none())).map(
    lambda given: orjson.dumps(given).decode()
)
FORMAT = Format(
    {"type": "object", "additionalProperties": False}, "answer", strict=True
)
VALUES: dict[Setting, st.SearchStrategy[Json]] = {
    Setting.TEMPERATURE: st.sampled_from([0.0, 0.5, 1.0]),
    Setting.TOP_P: st.sampled_from([0.1, 1.0]),
    Setting.MAX_TOKENS: st.integers(16, 9999),
    Setting.STOP: st.lists(WORDS, min_size=1, max_size=3).map(lambda words: [*words]),
    Setting.USER: NAMES.map(str),
    Setting.METADATA: st.just({"k": "v"}),
    Setting.VERBOSITY: st.sampled_from(["low", "high"]),
    Setting.CACHE_KEY: NAMES.map(str),
    Setting.SERVICE_TIER: st.just("auto"),
}


@st.composite
def talks(draw: st.DrawFn) -> list[Turn]:
    """Turns by turns, each call answered in the next one."""
    turns = [Turn(Role.USER, draw(says()))]
    for round_number in range(draw(st.integers(0, 3))):
        calls = [
            ToolCall(f"call_{round_number}_{each}", draw(NAMES), draw(ARGUMENTS))
            for each in range(draw(st.integers(0, 2)))
        ]
        said: list[Block] = [Text(draw(WORDS))]
        turns.append(Turn(Role.ASSISTANT, [*said, *calls]))
        results: list[Block] = [
            ToolResult(call.id, (Text(draw(WORDS)),)) for call in calls
        ]
        turns.append(Turn(Role.USER, results or draw(says())))
    return turns


@st.composite
def says(draw: st.DrawFn) -> list[Block]:
    parts = draw(st.lists(st.one_of(WORDS.map(Text), IMAGES), min_size=1, max_size=3))
    return [*parts]


@st.composite
def conversations(draw: st.DrawFn, client: Dialect, upstream: Dialect) -> Conversation:
    """All that both can tell alike."""
    tools = draw(
        st.lists(
            st.builds(Tool, NAMES, st.just("does it"), SCHEMAS, st.just(True)),
            max_size=2,
            unique_by=lambda tool: tool.name,
        )
    )
    choice = None
    if tools:
        forms = [ToolChoice(each) for each in Choice if each is not Choice.ONE]
        forms.append(ToolChoice(Choice.ONE, tools[0].name))
        choice = draw(st.sampled_from([None, *forms]))
    kept = {
        setting: draw(values)
        for setting, values in VALUES.items()
        if can(Feature(setting.value), client, upstream) and draw(st.booleans())
    }
    kept.setdefault(Setting.MAX_TOKENS, 99)
    return Conversation(
        model="m",
        system=[Text(draw(WORDS))] if draw(st.booleans()) else [],
        turns=draw(talks()),
        tools=tools,
        choice=choice,
        effort=draw(efforts(client, upstream)),
        format=draw(st.sampled_from([None, FORMAT])),
        settings=kept,
        stream=draw(st.booleans()),
    )


def efforts(client: Dialect, upstream: Dialect) -> st.SearchStrategy[Effort | None]:
    if Dialect.MESSAGES in {client, upstream}:
        return st.none()  # it is a thing with conditions, and has tests of its own
    return st.sampled_from([None, Effort("low"), Effort("high")])


def can(feature: Feature, client: Dialect, upstream: Dialect) -> bool:
    loss = asked(feature, client, upstream)
    conditional = {Feature.TEMPERATURE, Feature.TOP_P, Feature.MAX_TOKENS}
    if upstream is not Dialect.RESPONSES:
        conditional.add(Feature.STOP)
    if loss is None:
        return False
    return loss.outcome is Outcome.KEPT or feature in conditional


@PAIRS
@given(data=st.data())
@settings(max_examples=40)
def test_what_is_kept_comes_out_as_it_went_in(
    client: Dialect, upstream: Dialect, data: st.DataObject
) -> None:
    said = data.draw(conversations(client, upstream))
    speaker = SPEAKERS[client]
    notes = Notes(speaker.losses)
    writing = Writing("maker", notes, Names(speaker.longest_name, speaker.longest_id))
    payload = speaker.render_request(said, writing)
    translation = Translation(
        client, upstream, payload, model="m", maker="maker", name="n", created=1
    )
    assert list(complaints(upstream, translation.payload)) == []
    heard = SPEAKERS[upstream].parse_request(translation.payload, notes)
    assert [note for note in translation.notes if "cache_control" not in note] == []
    assert plain(heard) == plain(said)


def plain(conversation: Conversation) -> Conversation:
    """Leave out what is of the gateway's own making, and how arguments are spaced."""
    settings = dict(conversation.settings)
    settings.pop(Setting.CACHE_KEY, None)
    choice = conversation.choice or ToolChoice(Choice.AUTO)
    return replace(
        conversation,
        turns=[Turn(each.role, each.blocks) for each in conversation.turns],
        choice=choice if conversation.tools else None,
        settings=settings,
        left_out=[],
        session="",
    )


TEXTS = WORDS.map(Text)
CALLS = st.builds(
    ToolCall, st.from_regex(r"call_[a-z0-9]{8}", fullmatch=True), NAMES, ARGUMENTS
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    thought = draw(st.none() | WORDS)
    thoughts = [] if thought is None else [Reasoning(thought, maker="maker")]
    texts = draw(st.lists(TEXTS, max_size=1))
    calls = draw(st.lists(CALLS, max_size=3, unique_by=lambda call: call.id))
    names = ("input", "cache_read", "cache_write", "output")
    usage = Usage(**{name: draw(st.integers(0, 9)) for name in names})
    stop = StopReason.TOOLS if calls else StopReason.END
    return Answer("id", [*thoughts, *texts, *calls], stop, "", usage)


@PAIRS
@given(said=answers())
@settings(max_examples=30)
def test_an_answer_comes_out_as_it_went_in(
    client: Dialect, upstream: Dialect, said: Answer
) -> None:
    base: JsonObject = {"model": "m", "messages": [], "input": "x"}
    translation = Translation(
        client, upstream, base, model="m", maker="maker", name="n", created=1
    )
    whole = SPEAKERS[client].parse_answer(
        orjson.loads(translation.render(said)), "maker"
    )
    streamed = collect(client, [translation.replay(said)])
    for heard in (whole, streamed):
        assert isinstance(heard, Answer)
        assert words(heard) == words(said)
        assert heard.stop is said.stop
    assert isinstance(whole, Answer)
    assert whole.usage == said.usage


def words(answer: Answer) -> list[object]:
    return [
        block.text if isinstance(block, Reasoning) else block for block in answer.blocks
    ]
