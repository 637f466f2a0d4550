"""Defaults < TOML < Env < CLI, for every kind of setting."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from pydantic import Field

from ccproxy.config import Layers, load, section
from ccproxy.sdk import PluginConfig

pytestmark = pytest.mark.unit


class Instance(PluginConfig):
    """One of several."""

    url: str = "default"


class DemoConfig(PluginConfig):
    """A plugin with nested settings."""

    level: int = 0
    names: tuple[str, ...] = ("default",)
    table: Instance = Instance()
    instances: dict[str, Instance] = Field(default_factory=dict)


def _setting(name: str) -> Callable[[Layers], Any]:
    """Read a setting by its dotted name."""
    first, key = name.split(".")
    return lambda layers: getattr(getattr(load(layers), first), key)


def _plugin(layers: Layers) -> DemoConfig:
    return section(layers, "demo", DemoConfig)


KINDS: dict[str, tuple[str, Callable[[Layers], Any], Any, list[Any]]] = {
    # a key, how to read it, its default, and what TOML, Env and CLI say
    "integer": ("server.port", _setting("server.port"), 8000, [1, 2, 3]),
    "text": (
        "server.host",
        _setting("server.host"),
        "127.0.0.1",
        ["toml", "env", "cli"],
    ),
    "boolean": (
        "limits.enabled",
        _setting("limits.enabled"),
        False,
        [True, False, True],
    ),
    "list": (
        "plugins.disable",
        _setting("plugins.disable"),
        (),
        [["a", "b"], ["c"], ["d", "e", "f"]],
    ),
    "optional list": (
        "plugins.enable",
        _setting("plugins.enable"),
        None,
        [["a", "b"], ["c"], []],
    ),
    "plugin key": ("plugins.demo.level", lambda x: _plugin(x).level, 0, [1, 2, 3]),
    "plugin list": (
        "plugins.demo.names",
        lambda x: _plugin(x).names,
        ("default",),
        [["a", "b"], ["c"], []],
    ),
    "plugin table": (
        "plugins.demo.table.url",
        lambda x: _plugin(x).table.url,
        "default",
        ["toml", "env", "cli"],
    ),
}
SAYS = list(product([False, True], repeat=3))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _say(
    read: Callable[..., Layers], key: str, values: list[Any], says: tuple[bool, ...]
) -> Layers:
    in_toml, in_env, in_cli = says
    variable = "CCPROXY_" + key.replace(".", "__").upper()
    return read(
        f"{key} = {json.dumps(values[0])}\n" if in_toml else "",
        {variable: _text(values[1])} if in_env else {},
        {key: _text(values[2])} if in_cli else {},
    )


@pytest.mark.parametrize("says", SAYS, ids=lambda says: "".join("01"[s] for s in says))
@pytest.mark.parametrize("kind", KINDS)
def test_the_strongest_layer_that_speaks_decides(
    kind: str, says: tuple[bool, ...], read: Callable[..., Layers]
) -> None:
    key, value_of, default, values = KINDS[kind]
    spoken = [value for value, said in zip(values, says, strict=True) if said]
    expected = spoken[-1] if spoken else default
    actual = value_of(_say(read, key, values, says))
    assert actual == (tuple(expected) if isinstance(expected, list) else expected)


def test_the_keys_of_one_table_may_come_from_four_layers(
    read: Callable[..., Layers],
) -> None:
    layers = read(
        "[server]\nport = 1\nhost = 'toml'\nworkers = 4\n",
        {"CCPROXY_SERVER__PORT": "2", "CCPROXY_SERVER__HOST": "env"},
        {"server.port": "3"},
    )
    server = load(layers).server
    assert (server.port, server.host, server.workers, server.grace_seconds) == (
        3,
        "env",
        4,
        10.0,
    )


def test_the_keys_of_one_plugin_may_come_from_four_layers(
    read: Callable[..., Layers],
) -> None:
    layers = read(
        "[plugins.demo]\nlevel = 1\nnames = ['toml']\n"
        "[plugins.demo.instances.a]\nurl = 'toml'\n",
        {
            "CCPROXY_PLUGINS__DEMO__INSTANCES__B__URL": "env",
            "CCPROXY_PLUGINS__DEMO__LEVEL": "2",
        },
        {"plugins.demo.instances.c.url": "cli"},
    )
    config = _plugin(layers)
    assert (config.level, config.names, config.table.url) == (2, ("toml",), "default")
    assert {name: one.url for name, one in config.instances.items()} == {
        "a": "toml",
        "b": "env",
        "c": "cli",
    }


def test_a_list_of_tables_is_replaced_as_a_whole(read: Callable[..., Layers]) -> None:
    toml = "[[routing.routes]]\nmatch = 'a'\nto = 'x'\n" * 2
    option = '[{"match": "b", "to": "y"}]'
    layers = read(toml, overrides={"routing.routes": option})
    assert [route.to for route in load(layers).routing.routes] == ["y"]
