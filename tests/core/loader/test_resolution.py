"""The order of plugins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.loader.resolution import CORE_PROVIDES, resolve
from ccproxy.sdk import Manifest

pytestmark = pytest.mark.unit


def manifests(**plugins: tuple[str, str]) -> dict[str, Manifest]:
    """Make manifests from what each provides and requires, as words."""
    return {
        name: Manifest(name, "1", tuple(gives.split()), tuple(needs.split()))
        for name, (gives, needs) in plugins.items()
    }


def test_a_plugin_comes_after_those_it_requires_and_ties_go_by_name() -> None:
    found = resolve(manifests(c=("", ""), a=("", "thing"), b=("thing", "")))
    assert found.order == ("b", "c", "a")
    assert found.refused == {}


def test_the_gateway_provides_some_itself() -> None:
    assert resolve(manifests(a=("", "http hooks"))).order == ("a",)


def test_a_plugin_provides_its_own_name() -> None:
    assert resolve(manifests(a=("", "b"), b=("", ""))).order == ("b", "a")


def test_what_is_missing_is_named_and_so_on_down() -> None:
    found = resolve(manifests(a=("", "b"), b=("", "gone"), c=("", "")))
    assert found.order == ("c",)
    assert found.refused == {
        "a": "requires 'b', which nobody provides",
        "b": "requires 'gone', which nobody provides",
    }


def test_a_cycle_is_refused_and_the_rest_runs() -> None:
    found = resolve(manifests(a=("", "b"), b=("", "a"), c=("", ""), d=("", "a")))
    assert found.order == ("c",)
    assert found.refused["a"].startswith("requires itself: ")
    assert found.refused["b"].startswith("requires itself: ")
    assert found.refused["d"] == "requires 'a', which nobody provides"


def test_the_second_provider_of_a_capability_is_refused() -> None:
    found = resolve(manifests(a=("thing", ""), b=("thing", ""), c=("", "thing")))
    assert found.order == ("a", "c")
    assert found.refused == {"b": "a already provides 'thing'"}


def test_nobody_provides_what_the_gateway_does() -> None:
    found = resolve(manifests(a=("http", "")))
    assert found.refused == {"a": "the gateway itself provides 'http'"}


NAMES = st.sampled_from(list("abcdefg"))
GRAPHS = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=3))


@given(GRAPHS)
def test_every_plugin_is_ordered_or_refused_and_requirements_hold(
    graph: dict[str, frozenset[str]],
) -> None:
    plugins = {
        name: Manifest(name, "1", requires=tuple(sorted(needs - {name})))
        for name, needs in graph.items()
    }
    found = resolve(plugins)
    assert sorted([*found.order, *found.refused]) == sorted(plugins)
    for place, name in enumerate(found.order):
        for need in plugins[name].requires:
            assert need in CORE_PROVIDES or need in found.order[:place]
