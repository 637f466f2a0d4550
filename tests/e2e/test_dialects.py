"""The real Claude Code and Codex CLI on providers that do not speak their dialect.

The providers refuse what real ones would, and answer as the sandbox does.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.testing import gateway
from e2e.test_programs import installed, run
from fakes.strict import ONLY, StrictUpstream, complaints, strict_plugin

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.timeout(120)]

_ENDPOINTS = {
    Dialect.MESSAGES: "messages",
    Dialect.CHAT: "chat/completions",
    Dialect.RESPONSES: "responses",
}


@dataclass
class Vendors:
    """Strict vendors of all dialects, at one address."""

    url: str
    upstream: StrictUpstream

    def only(self, dialect: Dialect) -> tuple[str, ...]:
        """Make the one of this dialect the provider."""
        server = "plugins.openai.instances.only"
        return (
            *("--set", f"{server}.base_url={self.url}/{ONLY[dialect]}/v1"),
            *("--set", f'{server}.endpoints=["{_ENDPOINTS[dialect]}"]'),
            *("--provider", "only"),
        )

    def check(self, dialect: Dialect) -> None:
        """See that they were asked twice, and had nothing to complain of."""
        assert len(self.upstream.seen) == 2
        for request in self.upstream.seen:
            assert list(complaints(dialect, request.payload)) == []


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    upstream = StrictUpstream()
    async with gateway(strict_plugin(upstream)) as running:
        yield Vendors(running.url, upstream)


@installed("claude")
@pytest.mark.parametrize("spoken", [Dialect.RESPONSES, Dialect.CHAT])
async def test_claude_code_uses_a_tool_and_tells_what_came_of_it(
    tmp_path: Path, vendors: Vendors, spoken: Dialect
) -> None:
    done = await asyncio.to_thread(
        run,
        tmp_path,
        *vendors.only(spoken),
        *("--model", "sandbox-tools", "claude", "--"),
        *("-p", "use a tool", "--output-format", "json", "--tools", "Glob"),
    )
    assert done.returncode == 0, done.stderr
    result = orjson.loads(done.stdout)
    assert result["num_turns"] == 2
    assert result["result"].startswith("The tool returned")
    assert result["usage"]["output_tokens"] > 0
    vendors.check(spoken)


@installed("codex")
@pytest.mark.parametrize("spoken", [Dialect.MESSAGES, Dialect.CHAT])
async def test_codex_cli_uses_a_tool_and_tells_what_came_of_it(
    tmp_path: Path, vendors: Vendors, spoken: Dialect
) -> None:
    done = await asyncio.to_thread(
        run,
        tmp_path,
        *vendors.only(spoken),
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
    vendors.check(spoken)
