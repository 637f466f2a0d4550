"""What a person sees when the gateway starts."""

import pytest

from ccproxy.api.banner import banner
from ccproxy.api.gateway import Gateway
from ccproxy.config import read_layers
from ccproxy.loader.discovery import Found

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "  none: switched off are anthropic, codex, "),
        ([], "  none: install one, such as ccproxy-plugin-openai"),
    ],
)
def test_without_providers_it_says_whether_they_are_off_or_not_there(
    found: list[Found] | None, told: str, started: bool
) -> None:
    layers = read_layers(None, {"plugins.enable": "[]"}, {})
    gateway = Gateway(layers, found=found)
    shown = banner(gateway, ("127.0.0.1", 8000), started=started).splitlines()
    assert shown[shown.index("Providers") + 1].startswith(told)
