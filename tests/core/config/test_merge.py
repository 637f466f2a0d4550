"""The merge of layers is a lawful overlay of tables."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.config.merge import deep_merge

pytestmark = pytest.mark.unit

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KEYS = st.sampled_from("abc")
Table = dict[str, Any]


def _tables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(KEYS, inner, max_size=3)


VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | _tables(inner), max_leaves=8
)
TABLES: st.SearchStrategy[Table] = _tables(VALUES)


def _alike(depth: int) -> st.SearchStrategy[Table]:
    """Tables in which a key is a table everywhere (upper case) or nowhere."""
    flat: st.SearchStrategy[Table] = st.dictionaries(KEYS, LEAVES, max_size=3)
    if depth == 0:
        return flat
    nested = st.dictionaries(st.sampled_from("ABC"), _alike(depth - 1), max_size=3)
    return st.builds(lambda low, high: low | high, flat, nested)


@given(TABLES)
def test_an_empty_table_is_neutral_on_both_sides(table: Table) -> None:
    assert deep_merge(table, {}) == table == deep_merge({}, table)


@given(TABLES)
def test_merging_a_table_with_itself_changes_nothing(table: Table) -> None:
    assert deep_merge(table, table) == table


@given(TABLES, TABLES)
def test_the_higher_side_wins_wherever_it_says_something(
    low: Table, high: Table
) -> None:
    def holds(part: Table, whole: Table) -> bool:
        return all(
            holds(value, whole[key])
            if isinstance(value, dict)
            else whole[key] == value and type(whole[key]) is type(value)
            for key, value in part.items()
        )

    assert holds(high, deep_merge(low, high))


@given(TABLES, TABLES)
def test_the_lower_side_stays_wherever_the_higher_says_nothing(
    low: Table, high: Table
) -> None:
    merged = deep_merge(low, high)
    for key, value in low.items():
        if key not in high:
            assert merged[key] == value
        elif isinstance(value, dict) and isinstance(high[key], dict):
            assert merged[key] == deep_merge(value, high[key])


@given(TABLES, TABLES)
def test_the_keys_are_those_of_both_in_a_fixed_order(low: Table, high: Table) -> None:
    new = [key for key in high if key not in low]
    assert list(deep_merge(low, high)) == [*low, *new]


@given(TABLES, TABLES)
def test_the_inputs_stay_as_they_were(low: Table, high: Table) -> None:
    before = copy.deepcopy((low, high))
    deep_merge(low, high)
    assert (low, high) == before


@given(_alike(2), _alike(2), _alike(2))
def test_layers_of_one_shape_may_be_merged_in_any_grouping(
    a: Table, b: Table, c: Table
) -> None:
    assert deep_merge(deep_merge(a, b), c) == deep_merge(a, deep_merge(b, c))


def test_a_list_is_replaced_and_not_joined() -> None:
    assert deep_merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}
