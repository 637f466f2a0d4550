"""The real Claude Code and Codex CLI on providers that do not speak their dialect."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from e2e.test_programs import installed, run
from fakes.process import Server, serving

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.timeout(120)]


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Server]:
    """A server that answers in all dialects; of it, each test uses one."""
    home = tmp_path / "upstream"
    home.mkdir()
    with serving(home) as running:
        yield running


def only(upstream: Server, endpoint: str) -> tuple[str, ...]:
    """Make a provider of it that speaks one dialect."""
    server = "plugins.openai.instances.only"
    return (
        *("--set", f"{server}.base_url={upstream.url}/sandbox/v1"),
        *("--set", f'{server}.endpoints=["{endpoint}"]'),
        *("--provider", "only"),
    )


@installed("claude")
@pytest.mark.parametrize("endpoint", ["responses", "chat/completions"])
def test_claude_code_uses_a_tool_and_tells_what_came_of_it(
    tmp_path: Path, upstream: Server, endpoint: str
) -> None:
    done = run(
        tmp_path,
        *only(upstream, endpoint),
        *("--model", "sandbox-tools", "claude", "--"),
        *("-p", "use a tool", "--output-format", "json", "--tools", "Glob"),
    )
    assert done.returncode == 0, done.stderr
    result = orjson.loads(done.stdout)
    assert result["num_turns"] == 2
    assert result["result"].startswith("The tool returned")
    assert result["usage"]["output_tokens"] > 0


@installed("codex")
@pytest.mark.parametrize("endpoint", ["messages", "chat/completions"])
def test_codex_cli_uses_a_tool_and_tells_what_came_of_it(
    tmp_path: Path, upstream: Server, endpoint: str
) -> None:
    done = run(
        tmp_path,
        *only(upstream, endpoint),
        *("--model", "sandbox-tools", "codex", "--"),
        *("exec", "--skip-git-repo-check", "--json", "use a tool"),
    )
    assert done.returncode == 0, done.stderr
    events = [orjson.loads(line) for line in done.stdout.splitlines()]
    said = [
        event["item"]["text"]
        for event in events
        if event.get("item", {}).get("type") == "agent_message"
    ]
    assert said[-1].startswith("The tool returned")
    assert events[-1]["type"] == "turn.completed"
    assert events[-1]["usage"]["output_tokens"] > 0
