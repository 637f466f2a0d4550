"""``ccproxy config``: where values come from, and files that are private and right."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def file(home: Path) -> Path:
    """Where the settings file is looked for."""
    return home / "config" / "ccproxy" / "config.toml"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_show_tells_each_value_and_its_source(ccproxy: Run, file: Path) -> None:
    write(file, '[server]\nport = 9000\n[plugins.openai]\napi_key = "sk-hidden"\n')
    told = ccproxy(
        *("config", "show", "--set", "limits.enabled=true"),
        env={"CCPROXY_SERVER__WORKERS": "2"},
    )
    rows = [line.split(maxsplit=2) for line in told.stdout.splitlines()]
    assert told.stderr == ""
    assert rows[0] == ["SETTING", "VALUE", "SOURCE"]
    assert ["server.host", "127.0.0.1", "default"] in rows
    assert ["server.port", "9000", f"{file}:2"] in rows
    assert ["server.workers", "2", "CCPROXY_SERVER__WORKERS"] in rows
    assert ["limits.enabled", "true", "--set limits.enabled"] in rows
    assert ["plugins.openai.api_key", "********", f"{file}:4"] in rows


def test_show_for_programs_holds_no_secret(ccproxy: Run) -> None:
    told = ccproxy(
        *("config", "show", "--json"),
        env={"CCPROXY_SECURITY__CLIENT_TOKENS": '["hush"]'},
    )
    shown = {each["key"]: each for each in json.loads(told.stdout)["settings"]}
    assert shown["security.client_tokens"] == {
        "key": "security.client_tokens",
        "value": ["********"],
        "source": "CCPROXY_SECURITY__CLIENT_TOKENS",
    }
    assert shown["server.port"]["value"] == 8000


def test_init_writes_a_private_file_that_is_valid(ccproxy: Run, file: Path) -> None:
    told = ccproxy("config", "init")
    assert (told.stdout, told.stderr) == (f"Wrote {file}\n", "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "#port = 8000" in file.read_text().splitlines()
    assert "[plugins.openai]" in file.read_text().splitlines()
    assert ccproxy("config", "validate").stdout == f"ok: {file}\n"


def test_init_writes_over_a_file_only_if_told_to(ccproxy: Run, home: Path) -> None:
    mine = home / "mine.toml"
    mine.write_text("broken")
    told = ccproxy("config", "init", "--config", str(mine))
    assert (told.returncode, mine.read_text()) == (3, "broken")
    assert told.stderr == (
        f"Error: {mine} is there already.\nGive --force to write over it.\n"
    )
    told = ccproxy("config", "init", "--config", str(mine), "--force", "--json")
    assert json.loads(told.stdout) == {"path": str(mine)}
    assert "[server]" in mine.read_text()


def test_validate_without_a_file_is_content(ccproxy: Run) -> None:
    told = ccproxy("config", "validate")
    assert told.stdout == "ok: no settings file, the defaults hold\n"
    assert json.loads(ccproxy("config", "validate", "--json").stdout) == {
        "ok": True,
        "errors": [],
    }


def test_validate_tells_all_mistakes_at_once(ccproxy: Run, file: Path) -> None:
    write(file, '[server]\nprt = 1\n[plugins.codex]\norginator = "me"\n')
    told = ccproxy("config", "validate", "--set", "logging.level=loud")
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr == (
        "2 settings are wrong:\n"
        f"{file}:2: server.prt is not a setting; it holds an integer. "
        "Did you mean server.port?\n"
        "--set logging.level: logging.level should be 'debug', 'info', 'warning' "
        "or 'error', but is loud.\n"
        f"{file}:4: plugins.codex.orginator is not a setting; "
        "it holds a string of 2 characters. Did you mean plugins.codex.originator?\n"
    )


def test_validate_mentions_sections_that_nobody_reads(ccproxy: Run, file: Path) -> None:
    write(file, "[plugins.quite_different]\nx = 1\n")
    told = ccproxy("config", "validate")
    assert (told.returncode, told.stdout) == (0, f"ok: {file}\n")
    note = "Note: [plugins.quite_different] is for a plugin that is not installed.\n"
    assert told.stderr == note


def test_validate_refuses_a_slip_in_a_plugins_name_as_serve_does(
    ccproxy: Run, file: Path
) -> None:
    write(file, "[plugins.opnai]\nx = 1\n")
    told = ccproxy("config", "validate")
    assert (told.returncode, told.stdout) == (3, "")
    assert "Did you mean plugins.openai?" in told.stderr


@pytest.mark.parametrize(
    "setting",
    [
        "routing.default_provider=nobody",
        'routing.routes=[{"match": "gpt-*", "to": "nobody/gpt"}]',
        'capture.providers=["opnai"]',
        'plugins.disable=["opnai"]',
        'plugins.enable=["servr"]',
        "server.host=0.0.0.0",
        "security.client_tokens_file=/nowhere/tokens",
        "plugins.openai.base_url=nonsense",
        "plugins.directory=/nowhere/plugins",
    ],
)
def test_validate_refuses_whatever_serve_refuses(ccproxy: Run, setting: str) -> None:
    told = ccproxy("config", "validate", "--set", setting)
    assert (told.returncode, told.stdout) == (3, "")
    served = ccproxy("serve", "--set", setting)
    assert (served.returncode > 0, served.stdout) == (True, "")
    assert "Traceback" not in served.stderr


def test_validate_accepts_in_a_plugin_that_is_off_what_serve_accepts(
    ccproxy: Run, file: Path
) -> None:
    write(file, '[plugins]\ndisable = ["codex"]\n[plugins.codex]\norginator = "me"\n')
    assert ccproxy("config", "validate").stdout == f"ok: {file}\n"


def test_schema_knows_our_sections_and_those_of_plugins(ccproxy: Run) -> None:
    schema = json.loads(ccproxy("config", "schema").stdout)
    plugins = schema["$defs"]["Plugins"]["properties"]
    assert "server" in schema["properties"]
    assert {"codex", "openai", "sandbox", "disable"} <= set(plugins)


def test_path_is_that_of_the_file_in_use(ccproxy: Run, file: Path) -> None:
    told = ccproxy("config", "path")
    assert told.stdout == f"{file}\n"
    assert told.stderr == "It does not exist; 'ccproxy config init' writes it.\n"
    assert ccproxy("config", "path", "--config", "x.toml").stdout == "x.toml\n"
    named = ccproxy("config", "path", "--json", env={"CCPROXY_CONFIG": "/y.toml"})
    assert json.loads(named.stdout) == {"path": "/y.toml", "exists": False}
