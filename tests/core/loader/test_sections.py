"""Sections of the settings that belong to no plugin."""

import pytest
import structlog

from ccproxy.errors import ConfigError
from ccproxy.loader.sections import check_sections

pytestmark = pytest.mark.unit


def test_a_slip_of_the_pen_is_an_error_with_the_name_that_was_meant() -> None:
    with pytest.raises(ConfigError) as caught:
        check_sections(["opnai"], ["openai", "codex"])
    assert str(caught.value) == (
        "plugins.opnai: there is no plugin 'opnai'. Did you mean plugins.openai?"
    )


def test_a_section_of_a_wheel_that_is_gone_is_a_warning_that_names_it() -> None:
    with structlog.testing.capture_logs() as logs:
        check_sections(["metrics", "quite_different", "openai"], ["openai"])
    assert [(line["setting"], line["hint"]) for line in logs] == [
        ("plugins.metrics", "pip install ccproxy-plugin-metrics"),
        ("plugins.quite_different", "remove it, or install it"),
    ]
