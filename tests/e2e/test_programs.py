"""The real Claude Code and Codex CLI, started by ``ccproxy run``."""

import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from fakes.forked import run_program
from fakes.process import clean_environ

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.timeout(120)]

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
}


def installed(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not installed"
    )


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run with a gateway of its own, in a home of its own."""
    environ = clean_environ(home) | QUIET | {"CLAUDE_CONFIG_DIR": str(home / "claude")}
    return run_program(("run", "--set", "server.port=0", *arguments), environ, home)


@installed("claude")
def test_claude_code_gets_its_answer(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        *("--model", "sandbox-echo", "claude", "--"),
        *("-p", "a word to echo", "--output-format", "json"),
    )
    assert done.returncode == 0, done.stderr
    result = orjson.loads(done.stdout)
    assert result["result"] == "a word to echo"
    assert result["usage"]["output_tokens"] > 0


@installed("claude")
def test_claude_code_shows_the_gateways_error(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        *("--model", "sandbox-error-400", "claude", "--"),
        *("-p", "x", "--output-format", "json"),
    )
    assert done.returncode != 0
    assert orjson.loads(done.stdout)["is_error"] is True


@installed("codex")
@pytest.mark.parametrize("over_websocket", [False, True])
def test_codex_cli_gets_its_answer(tmp_path: Path, *, over_websocket: bool) -> None:
    setting = f"model_providers.ccproxy.supports_websockets={over_websocket}".lower()
    done = run(
        tmp_path,
        *("--model", "sandbox-echo", "--provider", "sandbox", "codex", "--"),
        *("-c", setting, "exec", "--skip-git-repo-check", "--json", "a word to echo"),
    )
    assert done.returncode == 0, done.stderr
    events = [orjson.loads(line) for line in done.stdout.splitlines()]
    said = [
        event["item"]["text"]
        for event in events
        if event.get("item", {}).get("type") == "agent_message"
    ]
    assert said == ["a word to echo"]
    assert not (tmp_path / ".codex" / "config.toml").exists()
