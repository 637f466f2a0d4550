"""``ccproxy`` itself: quick help, plugins' commands, clear ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
from typer.main import get_command

from ccproxy.cli.lazy import ANNOUNCED, BUILTINS
from ccproxy.errors.exit_codes import MEANING
from ccproxy.loader.commands import find_commands

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]

HELP = """\
Usage: ccproxy [OPTIONS] COMMAND [ARGS]...

  One local endpoint for every AI coding tool and SDK.

Options:
  --version             Print the version and exit.
  --install-completion  Install completion for the current shell.
  --show-completion     Show completion for the current shell, to copy it or
                        customize the installation.
  -h, --help            Show this message and exit.

Commands:
  serve     Start the gateway.
  run       Run a program that talks to the gateway.
  status    Tell how the running gateway is.
  doctor    Check everything, and say what to do.
  auth      Log in and out, and show accounts.
  keys      Make client keys, and take them back.
  requests  Show what was asked of models.
  cost      Add up what requests have cost.
  sql       Ask the database in SQL.
  db        Show the database's state, and upgrade it.
  config    Show, write and check the settings.
  plugins   Show plugins, and begin a new one.
  metrics   Added by ccproxy-plugin-metrics.

  Plugins may add commands; 'ccproxy plugins list' shows them.
"""
HEAVY = {
    "aiohttp",
    "ccproxy.config",
    "ccproxy.sdk",
    "fastapi",
    "httpx",
    "pydantic",
    "pydantic_settings",
    "rich",
    "structlog",
}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_lists_the_commands(ccproxy: Run, arguments: tuple[str, ...]) -> None:
    told = ccproxy(*arguments)
    assert told.stdout + told.stderr == HELP


def test_help_imports_nothing_heavy(environ: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ccproxy.cli", "--help"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = told.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines}
    assert "typer" in imported
    assert imported & HEAVY == set()
    assert not any(name.startswith("ccproxy.plugins") for name in imported)


@pytest.mark.usefixtures("hello_installed")
def test_help_lists_the_commands_that_wheels_announce(ccproxy: Run) -> None:
    assert "\n  hello     Added by hello-plugin.\n" in ccproxy("--help").stdout


def test_what_wheels_announce_is_what_their_plugins_add() -> None:
    announced = {each.name: each.value for each in entry_points(group=ANNOUNCED)}
    added = {name: each.target for name, each in find_commands().items()}
    del added["serve"]  # it is in the list of ours
    assert announced == added


def test_h_is_short_for_help_everywhere(ccproxy: Run) -> None:
    for command in (("requests", "-h"), ("requests", "list", "-h"), ("cost", "-h")):
        assert ccproxy(*command).stdout.startswith("Usage: ccproxy ")


@pytest.mark.parametrize("name", BUILTINS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    module = import_module(BUILTINS[name].module)
    told = get_command(module.app).help
    assert told is not None
    first = told.partition("\n")[0].partition(";")[0].rstrip(".")
    assert BUILTINS[name].help.rstrip(".") == first


def test_version_is_that_of_the_wheel(ccproxy: Run) -> None:
    assert ccproxy("--version").stdout == f"ccproxy {version('ccproxy-cli')}\n"


def test_a_typo_is_answered_with_the_nearest_command(ccproxy: Run) -> None:
    told = ccproxy("plugin")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        "Usage: ccproxy [OPTIONS] COMMAND [ARGS]...\n"
        "Try 'ccproxy --help' for help.\n\n"
        "Error: No such command 'plugin'. Did you mean 'plugins'?\n"
    )


@pytest.mark.usefixtures("hello_installed")
def test_a_plugins_command_gets_its_arguments_as_they_are(ccproxy: Run) -> None:
    told = ccproxy("hello", "--loud", "--", "-x", "you")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "hello 0.1.0 --loud -- -x you\n"


@pytest.mark.usefixtures("hello_installed")
def test_a_plugin_that_is_turned_off_adds_no_command(ccproxy: Run) -> None:
    told = ccproxy("hello", env={"CCPROXY_PLUGINS__DISABLE": '["hello"]'})
    assert (told.returncode, told.stdout) == (2, "")
    assert "No such command 'hello'." in told.stderr


@pytest.mark.usefixtures("hello_installed")
def test_a_typo_in_a_plugins_command_is_answered_too(ccproxy: Run) -> None:
    told = ccproxy("helo")
    assert told.stderr.endswith("No such command 'helo'. Did you mean 'hello'?\n")


def test_an_error_is_its_message_and_hint_without_a_traceback(ccproxy: Run) -> None:
    told = ccproxy("config", "show", "--set", "server.prt=1")
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr == (
        "Error: --set server.prt: server.prt is not a setting; "
        "it holds a string of 1 character.\n"
        "Did you mean server.port?\n"
    )


def test_a_text_without_an_equals_sign_may_be_a_secret(ccproxy: Run) -> None:
    told = ccproxy("config", "show", "--set", "hush-hush")
    assert told.returncode == 3
    assert told.stderr == (
        "Error: --set was given a text of 9 characters without '='.\n"
        "Write --set section.key=value.\n"
    )


def test_a_reader_that_leaves_is_no_error_to_tell(environ: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    told = subprocess.run(
        [sys.executable, "-m", "ccproxy.cli", "config", "schema"],
        env=environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (told.returncode, told.stderr) == (1, "")


def test_ctrl_c_ends_it_in_silence(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "ccproxy.cli", "status", "--url", url],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        asking, _ = silent.accept()
        with asking:
            process.send_signal(signal.SIGINT)
            told = process.communicate()
    assert (process.returncode, told) == (130, ("", ""))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ccproxy pl", ["plugins"]),
        ("ccproxy config ", ["show", "init", "validate", "schema", "path"]),
        ("ccproxy status --js", ["--json"]),
    ],
)
def test_the_shell_completes(ccproxy: Run, typed: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    told = ccproxy(env={"_CCPROXY_COMPLETE": "complete_bash", **words})
    assert told.stdout.split() == offered


def test_the_readme_has_the_table_of_exit_codes() -> None:
    readme = (Path(__file__).parents[2] / "packages/ccproxy-cli/README.md").read_text()
    for code, meaning in MEANING.items():
        assert f"| {code.value} | {meaning} |\n" in readme
