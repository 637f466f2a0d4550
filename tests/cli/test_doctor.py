"""``ccproxy doctor``: each check tells how it went, and what to do."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]
Found = dict[str, dict[str, str | None]]


@pytest.fixture
def checks(ccproxy: Run) -> Callable[..., Found]:
    """Run it, and return its checks by name; the exit code follows from them."""

    def run(*arguments: str) -> Found:
        told = ccproxy("doctor", "--json", *arguments)
        found = json.loads(told.stdout)["checks"]
        failed = any(each["state"] == "fail" for each in found)
        assert told.returncode == int(failed)
        return {each["name"]: each for each in found}

    return run


@pytest.mark.usefixtures("gateway")
def test_with_a_gateway_it_asks_it_through_and_through(
    checks: Callable[..., Found],
) -> None:
    found = checks()
    states = {name: each["state"] for name, each in found.items()}
    assert states == {
        "python": "ok",
        "data folder": "ok",
        "settings": "ok",
        "storage": "ok",
        "access": "ok",
        "port": "ok",
        "plugins": "ok",
        "login anthropic": "warn",
        "login codex": "warn",
        "login openai": "warn",
        "login sandbox": "ok",
        "round trip": "ok",
    }


@pytest.mark.usefixtures("port")
def test_without_a_gateway_it_looks_for_the_logins_itself(
    ccproxy: Run, environ: dict[str, str], port: int
) -> None:
    environ["OPENAI_API_KEY"] = "sk-test-0123456789abcdef"
    told = ccproxy("doctor", "--set", 'plugins.enable=["openai", "anthropic"]')
    lines = told.stdout.splitlines()
    assert (told.returncode, told.stderr) == (0, "")
    assert f"ok    port             {port} is free" in lines
    assert "ok    login openai     API key from OPENAI_API_KEY" in lines
    after = lines.index("warn  login anthropic  no API key") + 1
    assert lines[after].startswith(" " * 23 + "Set ANTHROPIC_API_KEY")
    assert lines[-1] == " " * 23 + "Start one, then ask again: ccproxy serve"


def test_wrong_settings_fail_with_their_mistake(checks: Callable[..., Found]) -> None:
    found = checks("--set", "server.prt=1")
    assert found["settings"]["state"] == "fail"
    assert found["settings"]["hint"] == "Did you mean server.port?"


def test_a_route_to_nobody_fails_as_it_does_in_serve(
    checks: Callable[..., Found],
) -> None:
    settings = checks("--set", "routing.default_provider=nobody")["settings"]
    assert settings["state"] == "fail"
    assert settings["detail"] == (
        "--set routing.default_provider: routing.default_provider names the provider "
        "'nobody', which does not exist."
    )


@pytest.mark.usefixtures("broken_plugin", "port")
def test_a_broken_plugin_fails_with_its_reason(checks: Callable[..., Found]) -> None:
    plugins = checks()["plugins"]
    assert plugins["state"] == "fail"
    assert plugins["detail"] == "crooked: import failed: RuntimeError: it is crooked"


@pytest.mark.usefixtures("port")
def test_plugins_that_are_switched_off_need_not_be_installed(
    checks: Callable[..., Found],
) -> None:
    plugins = checks("--set", 'plugins.enable=["server"]')["plugins"]
    assert plugins["state"] == "warn"
    assert plugins["hint"] == (
        "Some are switched off; what does so tells: ccproxy plugins list"
    )


def test_a_port_of_another_program_fails(checks: Callable[..., Found]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and listens not, so that nobody waits for it
        number = bound.getsockname()[1]
        port = checks("--set", f"server.port={number}")["port"]
    assert port["state"] == "fail"
    assert port["detail"] == (
        f"http://127.0.0.1:{number} can't be used: Address already in use."
    )


def test_addresses_beyond_this_machine_need_a_token(
    checks: Callable[..., Found], port: int
) -> None:
    host = ("--set", "server.host=0.0.0.0", "--set")
    assert checks(*host[:2])["access"]["state"] == "fail"
    weak = checks(*host, 'security.client_tokens=["short"]')
    assert weak["access"]["state"] == "warn"
    good = checks(*host, 'security.client_tokens=["a-long-and-random-word"]')
    assert good["access"]["state"] == "ok"
    keys = checks(*host, "security.keys=true", "--set", "guard.repeats=3")
    detail = "whoever reaches 0.0.0.0, with a client key"
    assert (keys["access"]["state"], keys["access"]["detail"]) == ("ok", detail)
    forgotten = keys["guard"]  # besides, in the same run
    assert forgotten["detail"] == "[guard] is set, but switched off."
    assert forgotten["state"] == "warn"


@pytest.mark.usefixtures("port")
def test_files_that_hold_secrets_are_to_be_private(
    checks: Callable[..., Found], home: Path
) -> None:
    key, file = home / "key", home / "settings.toml"
    key.write_text("sk-key")
    file.write_text(
        f'[plugins.openai]\napi_key_file = "{key}"\n'
        '[security]\nclient_tokens = ["a-long-and-random-word"]\n'
    )
    for each in (key, file):
        each.chmod(0o644)
    names = ("settings file", "plugins.openai.api_key_file")
    found = checks("--config", str(file))
    assert [found[name]["state"] for name in names] == ["warn", "warn"]
    assert found["settings file"]["hint"] == f"Run: chmod 600 '{file}'"
    for each in (key, file):
        each.chmod(0o600)
    found = checks("--config", str(file))
    assert [found[name]["state"] for name in names] == ["ok", "ok"]


@pytest.mark.usefixtures("port")
def test_the_data_folder_is_to_be_private(
    checks: Callable[..., Found], home: Path
) -> None:
    folder = home / "data" / "ccproxy"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    assert checks()["data folder"]["hint"] == f"Run: chmod 700 '{folder}'"
    folder.chmod(0o700)
    assert checks()["data folder"] == {
        "name": "data folder",
        "state": "ok",
        "detail": str(folder),
        "hint": None,
    }


@pytest.mark.usefixtures("port")
def test_a_folder_that_cannot_be_written_to_is_told_with_what_names_another(
    checks: Callable[..., Found], environ: dict[str, str]
) -> None:
    environ["XDG_DATA_HOME"] = "/dev/null"
    found = checks()
    for name, another in (
        ("data folder", "set XDG_DATA_HOME to another folder"),
        ("storage", "set storage.url to another file"),
    ):
        assert found[name]["state"] == "fail"
        assert found[name]["hint"] == f"Let this user write there, or {another}."


@pytest.mark.usefixtures("port")
def test_of_the_storage_it_says_what_was_checked(
    checks: Callable[..., Found], home: Path
) -> None:
    folder = home / "data" / "ccproxy"
    assert checks()["storage"]["detail"] == f"folder writable: {folder} will be made"


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("duckdb:///relative.duckdb", "warn"),
        ("duckdb:////dev/null/file.duckdb", "fail"),
        ("postgresql+psycopg://me:secret@host/name", "ok"),
    ],
)
def test_the_storage_is_somewhere_one_can_write(
    checks: Callable[..., Found], url: str, state: str
) -> None:
    storage = checks("--set", f"storage.url={url}")["storage"]
    assert storage["state"] == state
    assert "secret" not in str(storage)
