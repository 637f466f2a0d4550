"""Sections of the settings that belong to no plugin."""

import pytest
import structlog

from ccproxy.config import Layer, Layers
from ccproxy.config.keypath import KeyPath
from ccproxy.errors import ConfigError
from ccproxy.loader.sections import check_sections

pytestmark = pytest.mark.unit


def _layers(*names: str) -> Layers:
    values = {"plugins": {name: {"key": 1} for name in names}}
    lines: dict[KeyPath, int] = {
        ("plugins", name): line for line, name in enumerate(names, start=1)
    }
    return Layers(None, (Layer("my.toml", values, strict=True, lines=lines),))


def test_a_slip_of_the_pen_is_an_error_with_the_name_that_was_meant() -> None:
    with pytest.raises(ConfigError) as caught:
        check_sections(_layers("opnai"), ["openai", "codex"])
    assert str(caught.value) == (
        "my.toml:1: plugins.opnai: there is no plugin 'opnai'. "
        "Did you mean plugins.openai?"
    )


def test_a_section_of_a_wheel_that_is_gone_is_a_warning_that_names_it() -> None:
    with structlog.testing.capture_logs() as logs:
        check_sections(
            _layers("metrics", "nope", "openai", "quite_different"), ["openai"]
        )
    assert [(line["setting"], line["hint"]) for line in logs] == [
        ("plugins.metrics", "pip install ccproxy-plugin-metrics"),
        ("plugins.nope", "remove it, or install it"),
        ("plugins.quite_different", "remove it, or install it"),
    ]
