"""A secret is never shown, wherever it stands and whatever else is wrong."""

import json
import traceback
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl, SecretStr, field_validator

from ccproxy.config import (
    Launch,
    Layer,
    Layers,
    Settings,
    load,
    origins,
    read_layers,
    section,
)
from ccproxy.config.fields import known_paths
from ccproxy.config.keypath import KeyPath
from ccproxy.errors import ConfigError
from ccproxy.sdk import PluginConfig

pytestmark = pytest.mark.unit

SECRETS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=12
).map(lambda text: f"sk-S3CR3T{text}")
KEYS = st.sampled_from(
    [
        "server",
        "server.port",
        "server.host.name",
        "server.prot",
        "security.client_tokens",
        "security.client_token",
        "http.proxy",
        "http.ca_file",
        "limits.requests",
        "limits.redis_url",
        "limits.models",
        "logging.level",
        "storage.url",
        "storage.retention_days",
        "routing.routes",
        "plugins.enabel",
        "plugins.demo",
        "plugins.demo.api_key",
        "plugins.demo.port",
        "plugins.demo.region",
        "plugins.demo.url",
        "plugins.demo.apikey",
        "unknown",
    ]
)


class DemoConfig(PluginConfig):
    """A plugin whose validator tells more than it should."""

    api_key: SecretStr | None = None
    port: int = 0
    url: HttpUrl | None = None
    region: str = "eu"

    @field_validator("region")
    @classmethod
    def _check(cls, value: str) -> str:
        if len(value) > 2:
            message = f"no region is called {value!r}"
            raise ValueError(message)
        return value


def _told(layers: Layers) -> str:
    """Return everything that is ever shown of some layers."""
    told = [repr(layers)]
    plugins: Mapping[str, PluginConfig] = {}
    try:
        plugins = {"demo": section(layers, "demo", DemoConfig)}
        told.append(repr(plugins))
    except ConfigError as error:
        told += [str(error), repr(error), *traceback.format_exception(error)]
    try:
        settings = load(layers)
    except ConfigError as error:
        told += [str(error), repr(error), *traceback.format_exception(error)]
    else:
        shown = [o.as_json() for o in origins(layers, settings, plugins)]
        told += [repr(settings), json.dumps(shown, ensure_ascii=False)]
    return "\n".join(told)


def _file(key: str, value: object) -> Layers:
    path: KeyPath = tuple(key.split("."))
    for part in reversed(path):
        value = {part: value}
    assert isinstance(value, dict)
    return Layers(None, (Layer("my.toml", value, strict=True, lines={path: 1}),))


@given(KEYS, SECRETS, st.booleans())
def test_no_value_of_a_file_is_shown(key: str, secret: str, in_list: bool) -> None:
    assert "S3CR3T" not in _told(_file(key, [secret] if in_list else secret))


@given(KEYS, SECRETS, st.booleans())
def test_no_value_of_a_variable_is_shown(key: str, secret: str, in_list: bool) -> None:
    name = "CCPROXY_" + key.replace(".", "__").upper()
    text = json.dumps([secret]) if in_list else secret
    assert "S3CR3T" not in _told(read_layers(None, {}, {name: text}))


@given(KEYS, SECRETS, st.booleans())
def test_no_value_of_an_option_is_shown(key: str, secret: str, in_list: bool) -> None:
    launch = Launch(None, {key: json.dumps([secret]) if in_list else secret})
    assert "S3CR3T" not in repr(launch) + _told(launch.layers({}))


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("value", ["hunter2", 47111174, ["hunter2"], -4711.1174])
def test_no_error_quotes_what_may_be_a_secret_however_plain_it_looks(
    value: object, strict: bool
) -> None:
    known = known_paths(Settings)
    assert not known["limits", "redis_url"]
    assert known["server", "port"]
    for path, is_plain in known.items():
        values: object = value
        for key in reversed(path):
            values = [values] if key == "*" else {key: values}
        assert isinstance(values, dict)
        try:
            load(Layers(None, (Layer("source", values, strict=strict),)))
        except ConfigError as error:
            quotes = any(each in str(error) for each in ("hunter2", "4711"))
            assert is_plain or not quotes


@given(SECRETS)
def test_a_password_inside_a_plain_url_is_masked(secret: str) -> None:
    password = "".join(c for c in secret if c.isascii() and c.isalnum())
    layers = _file("plugins.demo.url", f"https://me:{password}@example.com/v1")
    configs = {"demo": section(layers, "demo", DemoConfig)}
    (shown,) = [
        origin.value
        for origin in origins(layers, load(layers), configs)
        if origin.key == "plugins.demo.url"
    ]
    assert shown == "https://********@example.com/v1"


@given(SECRETS)
def test_what_serve_hands_on_is_not_shown_when_it_is_broken(secret: str) -> None:
    text = json.dumps({"config_file": None, "overrides": {"storage.url": [secret]}})
    with pytest.raises(ConfigError) as caught:
        Launch.from_environ({"CCPROXY_SERVE": text})
    assert "S3CR3T" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "toml",
    [
        "[plugins.demo]\napi_key = sk-S3CR3T\n",
        "[plugins.demo]\napi_key = 'sk-S3CR3T\n",
        '[plugins.demo]\napi_key = "sk-S3CR3T\\q"\n',
        "[plugins.demo]\napi_key 'sk-S3CR3T'\n",
        "api_key = 'sk-S3CR3T'\napi_key = 'sk-S3CR3T'\n",
        "api_key = ['sk-S3CR3T'",
    ],
)
def test_a_file_that_is_not_toml_is_not_quoted(
    toml: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("broken") / "my.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as caught:
        read_layers(file, {}, {})
    assert "S3CR3T" not in "".join(traceback.format_exception(caught.value))
