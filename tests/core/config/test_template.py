"""The file that is written for people says what the models say."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, HttpUrl, SecretStr

from ccproxy.config import (
    Layers,
    Settings,
    json_schema,
    load,
    section,
    template,
)
from ccproxy.config.fields import known_paths, tables
from ccproxy.sdk import PluginConfig

pytestmark = pytest.mark.unit

Read = Callable[..., Layers]


class Inner(BaseModel):
    """A table in a table."""

    names: tuple[str, ...] = ("a", 'quo"te\\', "tab\t\x7f\n", "\N{GRINNING FACE}")
    weights: dict[str, float] = Field(default_factory=lambda: {"x y": 1.5, "z": 1e16})


class DemoConfig(PluginConfig):
    """Talks to the demo service.

    More that nobody needs to read in a settings file.
    """

    url: HttpUrl = HttpUrl("https://example.com/v1")
    """Where the service is; a documentation so long that it has to be wrapped, since
    a line of a settings file should not be wider than a line of code."""
    token: SecretStr = SecretStr("public")
    """What ``everybody`` uses."""
    inner: Inner = Inner()
    """More."""
    file: Path | None = None
    """Where it is."""
    forever: float = float("inf")
    """A number without end."""


class NeedyConfig(PluginConfig):
    """Can't do without a region."""

    region: str
    """Where."""


def _uncommented(text: str) -> str:
    """Remove the mark before each key that has a default."""
    return re.sub(r"(?m)^#(?=\w)", "", text)


def test_the_file_as_written_is_the_defaults(read: Read) -> None:
    layers = read(template({"demo": DemoConfig}))
    assert load(layers) == Settings()
    assert section(layers, "demo", DemoConfig) == DemoConfig()


def test_the_file_with_every_default_uncommented_is_the_defaults(read: Read) -> None:
    layers = read(_uncommented(template({"demo": DemoConfig})))
    assert load(layers) == Settings()
    assert section(layers, "demo", DemoConfig) == DemoConfig()


def test_every_setting_that_has_a_value_is_in_the_file() -> None:
    written = tomllib.loads(_uncommented(template()))
    for name, model in tables(Settings).items():
        defaults = model()
        assert set(written[name]) == {
            key for key in model.model_fields if getattr(defaults, key) is not None
        }


def test_what_has_no_default_has_an_empty_value_to_fill_in(read: Read) -> None:
    text = template({"needy": NeedyConfig})
    assert '\n# Where. Required.\n# region = ""\n' in text
    assert ' Not set by default.\n# default_provider = ""\n' in text
    assert " Not set by default.\n# enable = []\n" in text
    load(read(_uncommented(text)))


def test_every_key_is_toml_once_its_mark_is_removed() -> None:
    text = template({"demo": DemoConfig, "needy": NeedyConfig})
    plain = tomllib.loads(re.sub(r"(?m)^# ?(?=\w+ = )", "", text))
    assert set(plain["plugins"]["needy"]) == {"enabled", "region"}
    assert plain["plugins"]["demo"]["file"] == ""
    for name, model in tables(Settings).items():
        assert set(plain[name]) >= set(model.model_fields)


def test_a_comment_that_only_repeats_the_header_is_left_out() -> None:
    text = template({"plain": PluginConfig})
    assert "\n\n[plugins.plain]\n# Whether" in text


def test_a_section_reads_like_this() -> None:
    text = template({"demo": DemoConfig})
    assert text[text.index("# Talks") :] == (
        "# Talks to the demo service.\n"
        "[plugins.demo]\n"
        "# Whether the plugin is used at all.\n"
        "#enabled = true\n"
        "# Where the service is; a documentation so long that it has to be wrapped, "
        "since a line\n"
        "# of a settings file should not be wider than a line of code.\n"
        '#url = "https://example.com/v1"\n'
        "# What `everybody` uses.\n"
        '#token = "public"\n'
        "# Where it is. Not set by default.\n"
        '# file = ""\n'
        "# A number without end.\n"
        "#forever = inf\n"
        "\n"
        "# A table in a table.\n"
        "[plugins.demo.inner]\n"
        '#names = ["a", "quo\\"te\\\\", "tab\\t\\u007f\\n", "\N{GRINNING FACE}"]\n'
        '#weights = { "x y" = 1.5, "z" = 1e+16 }\n'
    )


def test_no_line_is_wider_than_88_columns() -> None:
    assert max(map(len, template().splitlines())) <= 88


def _documented(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"Settings": schema, **schema["$defs"]}


def test_every_setting_is_documented_in_the_schema() -> None:
    tables_of = _documented(json_schema())
    for name, table in tables_of.items():
        assert table["description"], name
        for key, value in table["properties"].items():
            inner = tables_of.get(value.get("$ref", "").rpartition("/")[2], {})
            assert value.get("description") or inner["description"], f"{name}.{key}"


def test_the_schema_knows_every_key_and_forbids_others() -> None:
    tables_of = _documented(json_schema({"demo": DemoConfig}))
    assert set(tables_of["Settings"]["properties"]) == {
        path[0] for path in known_paths(Settings)
    }
    assert tables_of["Server"]["additionalProperties"] is False
    assert tables_of["DemoConfig"]["additionalProperties"] is False


def test_the_schema_lets_plugins_it_does_not_know_have_a_section() -> None:
    plugins = _documented(json_schema({"demo": DemoConfig}))["Plugins"]
    assert plugins["additionalProperties"] == {"type": "object"}
    assert "$ref" in plugins["properties"]["demo"]
    assert "required" not in plugins


def test_a_plugin_that_needs_a_key_does_not_make_its_section_required() -> None:
    tables_of = _documented(json_schema({"needy": NeedyConfig}))
    assert tables_of["NeedyConfig"]["required"] == ["region"]
    assert "required" not in tables_of["Plugins"]
    assert "required" not in tables_of["Settings"]
