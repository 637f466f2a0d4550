"""A path leads through tables and lists, as far as there are any."""

import pytest

from ccproxy.config.keypath import KeyPath, depth_of, dotted, follow

pytestmark = pytest.mark.unit

DATA = {"a": {"b": [{"c": 1}, None]}, "n": None}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b", 0, "c"), "a.b[0].c"),
        (("a", 1, 2), "a[1][2]"),
    ],
)
def test_a_path_is_written_with_dots_and_indices(path: KeyPath, text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("path", "depth"),
    [
        ((), 0),
        (("a",), 1),
        (("a", "b", 0, "c"), 4),
        (("a", "b", 2), 2),
        (("a", "b", "0"), 2),
        (("a", 0), 1),
        (("n",), 1),
        (("n", "x"), 1),
        (("x", "a"), 0),
    ],
)
def test_a_path_counts_as_deep_as_the_data_go(path: KeyPath, depth: int) -> None:
    assert depth_of(path, DATA) == depth


def test_what_is_not_in_the_data_is_left_out_on_the_way() -> None:
    location = ("a", "list[Union]", "b", 0, "Member", "c", "int")
    assert follow(location, DATA) == (("a", "b", 0, "c"), 1)
