"""``ccproxy serve`` hands everything to the server, and does without it in words."""

import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]
PACKAGES = Path(__file__).parents[2] / "packages"


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--port", "x", "--port: server.port should be a valid integer"),
        ("--workers", "0", "--workers: server.workers should be greater than"),
        ("--log-level", "loud", "--log-level: logging.level should be 'debug'"),
        ("--set", "hush", "--set was given a text of 4 characters without '='."),
        ("--config", "nowhere.toml", "There is no settings file nowhere.toml."),
    ],
)
def test_each_option_reaches_the_server(
    ccproxy: Run, option: str, value: str, told: str
) -> None:
    answer = ccproxy("serve", option, value)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert answer.stderr.startswith(f"Error: {told}")
    assert "hush" not in answer.stderr


def test_settings_of_the_line_say_which_plugins_are_looked_at(ccproxy: Run) -> None:
    told = ccproxy("serve", "--set", 'plugins.disable=["server"]')
    assert (told.returncode, told.stdout) == (5, "")
    assert told.stderr.startswith("Error: No plugin adds the command 'serve'.")


def test_beyond_loopback_it_does_not_start_without_a_token(ccproxy: Run) -> None:
    told = ccproxy("serve", "--host", "0.0.0.0")
    assert told.returncode == 7
    assert told.stderr.startswith("Error: Listening on 0.0.0.0 would let anybody")


def test_a_port_in_use_is_an_error_of_its_own(ccproxy: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        told = ccproxy("serve", "--port", str(port))
    assert told.returncode == 6
    assert told.stderr == (
        f"Error: Port {port} of 127.0.0.1 is in use by another program.\n"
        f"Stop it, or choose another port: --port {port + 1}\n"
    )


def test_without_the_server_it_says_what_to_install(environ: dict[str, str]) -> None:
    # Without site, the links to the workspace's wheels are not followed.
    wheels = [str(PACKAGES / f"ccproxy-{name}" / "src") for name in ("core", "cli")]
    path = os.pathsep.join([*wheels, sysconfig.get_path("purelib")])
    told = subprocess.run(
        [sys.executable, "-S", "-m", "ccproxy.cli", "serve"],
        env=environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (5, "")
    assert told.stderr == (
        "Error: No plugin adds the command 'serve'.\n"
        "Install ccproxy-server: pip install ccproxy-server\n"
    )
