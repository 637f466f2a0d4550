"""Each effective setting tells where it came from."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr

from ccproxy.config import Layers, Origin, load, origins, section
from ccproxy.sdk import Json, PluginConfig

pytestmark = pytest.mark.unit

Read = Callable[..., Layers]


class Instance(BaseModel):
    url: str = "https://default.example"
    api_key: SecretStr = SecretStr("")


class DemoConfig(PluginConfig):
    """A plugin with all kinds of values."""

    api_key: SecretStr | None = None
    keys: tuple[SecretStr, ...] = ()
    every: timedelta = timedelta(seconds=90)
    instances: dict[str, Instance] = Field(default_factory=dict)
    others: tuple[Instance, ...] = ()


def _of(layers: Layers) -> dict[str, tuple[Json, str]]:
    configs = {"demo": section(layers, "demo", DemoConfig)}
    return {
        origin.key: (origin.value, origin.source)
        for origin in origins(layers, load(layers), configs)
    }


def test_without_layers_all_is_default(read: Read) -> None:
    told = _of(read())
    assert {source for _, source in told.values()} == {"default"}
    assert told["server.port"] == (8000, "default")
    assert told["plugins.demo.instances"] == ({}, "default")
    assert told["plugins.demo.every"] == ("PT1M30S", "default")


def test_a_value_names_its_line_its_variable_or_its_option(
    read: Read, file: Path
) -> None:
    told = _of(
        read(
            "[server]\nworkers = 2\nport = 1\nhost = 'a'\n"
            "[[routing.routes]]\nmatch = 'm'\nto = 'p'\n",
            {"ccproxy_server__port": "2", "CCPROXY_HTTP": '{"trust_env": true}'},
            {"server.host": "b", "limits.enabled": "yes"},
        )
    )
    assert told["server.workers"] == (2, f"{file}:2")
    assert told["server.port"] == (2, "ccproxy_server__port")
    assert told["server.host"] == ("b", "--set server.host")
    assert told["server.grace_seconds"] == (10.0, "default")
    assert told["http.trust_env"] == (True, "CCPROXY_HTTP")
    assert told["http.proxy"] == (None, "default")
    assert told["limits.enabled"] == (True, "--set limits.enabled")
    assert told["routing.routes"] == ([{"match": "m", "to": "p"}], f"{file}:5")


def test_the_keys_of_a_table_each_tell_their_own_source(read: Read, file: Path) -> None:
    told = _of(
        read(
            "[plugins.demo.instances.a]\nurl = 'x'\n",
            {"CCPROXY_PLUGINS__DEMO__INSTANCES__A__API_KEY": "k"},
        )
    )
    assert told["plugins.demo.instances.a.url"] == ("x", f"{file}:2")
    assert told["plugins.demo.instances.a.api_key"] == (
        "********",
        "CCPROXY_PLUGINS__DEMO__INSTANCES__A__API_KEY",
    )


def test_a_limit_of_tokens_is_no_secret(read: Read) -> None:
    models = "[[limits.models]]\nmatch = '*'\ntokens = '5k/day'\n"
    told = _of(read(f"[limits]\ntokens = '1M/day'\n{models}"))
    assert told["limits.tokens"][0] == "1M/day"
    assert "5k/day" in str(told["limits.models"][0])


def test_secrets_are_masked_at_any_depth(read: Read) -> None:
    told = _of(
        read(
            "[storage]\nurl = 'postgresql+psycopg://me:pw@host/db'\n"
            "[security]\nclient_tokens = ['pw', 'pw']\n"
            "[plugins.demo]\napi_key = 'pw'\nkeys = ['pw']\n"
            "others = [{ url = 'https://me:pw@host', api_key = 'pw' }]\n"
        )
    )
    assert told["storage.url"][0] == "********"
    assert told["security.client_tokens"][0] == ["********", "********"]
    assert told["plugins.demo.api_key"][0] == "********"
    assert told["plugins.demo.keys"][0] == ["********"]
    assert told["plugins.demo.others"][0] == [
        {"url": "https://********@host", "api_key": "********"}
    ]


def test_an_empty_secret_is_shown_to_be_empty(read: Read) -> None:
    assert _of(read())["storage.url"] == ("", "default")


def test_an_origin_is_a_json_object(read: Read) -> None:
    layers = read("[security]\nclient_tokens_file = '/etc/tokens'\n")
    told = [origin.as_json() for origin in origins(layers, load(layers), {})]
    assert json.loads(json.dumps(told)) == told
    assert Origin("a.b", [1], "default").as_json() == {
        "key": "a.b",
        "value": [1],
        "source": "default",
    }


def test_sections_come_in_the_order_of_the_settings_then_plugins_by_name(
    read: Read,
) -> None:
    layers = read()
    configs = {"zeta": PluginConfig(), "alpha": PluginConfig()}
    keys = [origin.key for origin in origins(layers, load(layers), configs)]
    assert keys[0] == "server.host"
    assert keys[-2:] == ["plugins.alpha.enabled", "plugins.zeta.enabled"]


def test_a_secret_that_a_plugin_declares_as_plain_text_is_masked(read: Read) -> None:
    class Careless(PluginConfig):
        password: str = "hunter2"
        headers: dict[str, str] = Field(
            default_factory=lambda: {"x-api-key": "hunter2", "accept": "*/*"}
        )
        note: str = "use sk-" + "proj-abcdefghijklmnopqrstuvwx"
        key_file: str = "/etc/key"

    layers = read()
    shown = origins(layers, load(layers), {"careless": Careless()})
    told = {each.key.removeprefix("plugins.careless."): each.value for each in shown}
    assert told["password"] == "********"
    assert told["headers.x-api-key"] == "********"
    assert told["headers.accept"] == "*/*"
    assert str(told["note"]).startswith("use ***")
    assert told["key_file"] == "/etc/key"
