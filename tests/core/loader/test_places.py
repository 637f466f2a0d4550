"""What only the plugins can tell of settings is told with the place of the setting."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.config import Layers, Settings, load, read_layers
from ccproxy.errors import ConfigError
from ccproxy.loader.capture_check import check_capture
from ccproxy.loader.manager import PluginManager
from ccproxy.loader.routing_check import check_routing

pytestmark = pytest.mark.unit

Check = Callable[[Layers, Settings, PluginManager], None]


def _told(check: Check, layers: Layers) -> str:
    settings = load(layers)
    plugins = PluginManager([], settings, layers)
    plugins.load()
    with pytest.raises(ConfigError) as caught:
        check(layers, settings, plugins)
    return caught.value.message


@pytest.mark.parametrize(
    ("check", "toml", "message"),
    [
        (
            check_routing,
            "[routing]\ndefault_provider = 'none'",
            (
                "2: routing.default_provider names the provider 'none', "
                "which does not exist."
            ),
        ),
        (
            check_routing,
            "[[routing.routes]]\nmatch = 'a'\nto = ['none/b', 'c']",
            (
                "3: routing.routes[0].to names the provider 'none', "
                "which does not exist."
            ),
        ),
        (
            check_capture,
            "[capture]\nproviders = ['none']",
            "2: capture.providers has 'none', which no provider is named like.",
        ),
        (
            check_capture,
            "storage.request_log = false\n[capture]\nproviders = ['none']",
            "3: capture.providers needs storage.request_log, which is false.",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(
    check: Check, toml: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(toml)
    assert _told(check, read_layers(file, {}, {})) == f"{file}:{message}"


def test_a_mistake_in_an_option_is_told_with_its_name() -> None:
    layers = read_layers(None, {"routing.default_provider": "none"}, {})
    assert _told(check_routing, layers).startswith(
        "--set routing.default_provider: routing.default_provider names"
    )
