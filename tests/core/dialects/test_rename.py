"""An answer names the model as its client does, and is else as it came."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.rename import Renaming, renamed
from ccproxy.dialects.tap import StreamTap
from core.dialects.streams import GOLDEN, cut, dialect_of, events

pytestmark = pytest.mark.unit


def named(stream: bytes, dialect: Dialect, cuts: list[int]) -> tuple[bytes, Renaming]:
    renaming = Renaming(dialect, "mine")
    pieces = [renaming.feed(piece) for piece in cut(stream, cuts)]
    return b"".join([*pieces, renaming.end()]), renaming


@pytest.mark.parametrize("name", GOLDEN)
def test_a_stream_names_the_model_as_its_client_does_and_nothing_else_changes(
    name: str,
) -> None:
    before = events(GOLDEN[name])
    after, renaming = named(GOLDEN[name], dialect_of(name), [])
    tap = StreamTap(dialect_of(name))
    tap.feed(GOLDEN[name])
    tap.end()
    assert renaming.outcome is tap.outcome
    assert (renaming.usage, renaming.tool_calls) == (tap.usage, tap.tool_calls)
    assert renaming.model == tap.model
    for one, other in zip(before, events(after), strict=True):
        assert one.name == other.name
        if one.data != other.data:
            told = one.data.replace(b'"claude-x"', b'"mine"')
            told = told.replace(b'"gpt-x"', b'"mine"')
            assert orjson.loads(other.data) == orjson.loads(told)
    assert b'"model":"mine"' in after
    assert b'"model":"gpt-x"' not in after


@given(st.sampled_from(sorted(GOLDEN)), st.lists(st.integers(0, 4000), max_size=5))
def test_any_split_gives_the_same(name: str, cuts: list[int]) -> None:
    dialect = dialect_of(name)
    whole, _ = named(GOLDEN[name], dialect, [])
    assert named(GOLDEN[name], dialect, cuts)[0] == whole


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b'{"id":"a","model":"x"}', b'{"id":"a","model":"mine"}'),
        (b'{"message":{"model":"x"}}', b'{"message":{"model":"mine"}}'),
        (b'{"response":{"model":"x"}}', b'{"response":{"model":"mine"}}'),
        (b'{"data":[{"model": "x"}]}', b'{"data":[{"model": "x"}]}'),
        (b'{"model": null}', b'{"model": null}'),
        (b'["model"]', b'["model"]'),
        (b'"model', b'"model'),
    ],
)
def test_the_name_is_where_all_dialects_have_it(answer: bytes, told: bytes) -> None:
    assert renamed(answer, "mine") == told


def test_an_event_without_end_passes_and_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ccproxy.dialects.tap.LARGEST", 50)
    renaming = Renaming(Dialect.CHAT, "mine")
    assert renaming.feed(b'data: {"model":"up"') == b""
    assert renaming.between_events
    assert renaming.feed(b"x" * 40) == b'data: {"model":"up"' + b"x" * 40
    assert renaming.feed(b"y") == b"y"
    assert not renaming.between_events


def test_talk_of_a_model_is_no_name() -> None:
    said = {"choices": [{"delta": {"content": '{"model":"x"}'}}], "model": "up"}
    event = b"data: " + orjson.dumps(said) + b"\n\n"
    after, _ = named(event, Dialect.CHAT, [])
    (told,) = events(after)
    assert orjson.loads(told.data) == {**said, "model": "mine"}


def test_other_fields_of_an_event_stay() -> None:
    event = b': note\nid: 7\ndata: {"model":"up"}\nretry: 9\n\n'
    after, _ = named(event, Dialect.CHAT, [])
    assert after == b': note\nid: 7\nretry: 9\ndata: {"model":"mine"}\n\n'
