"""Where the gateway is reached, and by whom."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from ccproxy.config.address import base_url, client_tokens, is_loopback
from ccproxy.config.sections import Security
from ccproxy.errors import ConfigError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("[fe80::1]", "http://[fe80::1]:80"),
        ("gateway.lan", "http://gateway.lan:80"),
    ],
)
def test_a_bound_address_is_reached_from_this_machine(host: str, url: str) -> None:
    assert base_url(host, 80) == url


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]
)
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.lan"])
def test_all_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_tokens_come_from_the_settings_then_the_file_each_once(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("two\n\n  three  \none\n")
    tokens = (SecretStr("one"), SecretStr("two"))
    security = Security(client_tokens=tokens, client_tokens_file=file)
    assert client_tokens(security) == ("one", "two", "three")


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_of_tokens_that_can_t_be_read_is_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "tokens"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"client_tokens_file: .* can't be read: "):
        client_tokens(Security(client_tokens_file=file))
