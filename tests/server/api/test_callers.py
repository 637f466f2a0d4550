"""Which program asks, by its user agent; where and in what talk, by its headers."""

import pytest

from ccproxy.api.callers import client_of, session_of, workspace_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("claude-cli/2.1.197 (external, sdk-cli)", ("claude-code", "2.1.197")),
        (
            "codex_exec/0.169.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.169.0)",
            ("codex", "0.169.0"),
        ),
        ("codex-tui/0.169.0", ("codex", "0.169.0")),
        ("OpenAI/Python 3.54.0", ("openai-python", "3.54.0")),
        ("AsyncOpenAI/Python 3.54.0", ("openai-python", "3.54.0")),
        ("OpenAI/JS 6.1.0", ("openai-js", "6.1.0")),
        ("AsyncAnthropic/Python 2.12.0", ("anthropic-python", "2.12.0")),
        ("curl/8.5.0", ("curl", "8.5.0")),
        ("opencode/1.2.3 ai-sdk/provider-utils/4.0.46", ("opencode", "1.2.3")),
        ("ai/7.0.93 ai-sdk/provider-utils/5.0.36", ("vercel-ai", "7.0.93")),
        ("pydantic-ai/2.40.0", ("pydantic-ai", "2.40.0")),
        ("litellm/1.83.9", ("litellm", "1.83.9")),
        ("Python/3.11 aiohttp/3.14.1", ("aiohttp", "3.14.1")),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ("browser", "140.0"),
        ),
        ("curl/" + "9" * 1000, ("curl", "9" * 32)),
        ("something of one's own/1", ("other", None)),
        ("not-curl/1", ("other", None)),
        ("", (None, None)),
    ],
)
def test_the_user_agent_names_one_of_a_closed_set(
    agent: str, client: tuple[str | None, str | None]
) -> None:
    assert client_of({b"user-agent": agent.encode()}) == client


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        ({b"x-claude-code-session-id": b"abc-1"}, "abc-1"),
        ({b"session-id": b"abc-2", b"thread-id": b"x"}, "abc-2"),
        ({b"session_id": b"abc-3", b"conversation_id": b"x"}, "abc-3"),
        ({b"session-id": b"two words", b"conversation_id": b"abc-4"}, "abc-4"),
        ({b"x-session-affinity": b"ses_5"}, "ses_5"),
        ({b"session-id": b"x" * 129}, "inside"),
        ({}, "inside"),
    ],
)
def test_the_headers_name_the_conversation_or_else_the_body_does(
    headers: dict[bytes, bytes], session: str
) -> None:
    assert session_of(headers, "inside") == session


@pytest.mark.parametrize("inside", [None, "", "two words", "x" * 129, "\ud800"])
def test_what_can_not_be_shown_names_no_conversation(inside: str | None) -> None:
    assert session_of({}, inside) is None


@pytest.mark.parametrize(
    ("told", "branch"),
    [
        (b"main", "main"),
        (b"fix/gr%C3%B6%C3%9Fe", "fix/gr\u00f6\u00dfe"),
        (b"\xff", "\u00ff"),
        (b"%1B[31m", None),
        (b"a%0Ab", None),
        (b"a" * 1025, None),
        (b"", None),
    ],
)
def test_headers_name_the_branch_unless_it_is_unfit_to_be_shown(
    told: bytes, branch: str | None
) -> None:
    known = workspace_of({b"x-ccproxy-branch": told, b"x-ccproxy-worktree": b"w"})
    assert known.pop("branch", None) == branch
    assert known == {"worktree": "w"}
