"""Which program asks, and in which of its conversations: what its headers tell."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

OTHER = "other"
"""The client that is none of the table."""

_CLIENTS = (
    ("claude-code", re.compile(r"claude-(?:cli|code)/(\S+)")),
    ("codex", re.compile(r"codex[a-z_-]*/(\S+)")),
    ("anthropic-python", re.compile(r"(?:Async)?Anthropic/Python (\S+)")),
    ("anthropic-js", re.compile(r"Anthropic/JS (\S+)")),
    ("openai-python", re.compile(r"(?:Async)?OpenAI/Python (\S+)")),
    ("openai-js", re.compile(r"OpenAI/JS (\S+)")),
    ("httpx", re.compile(r"python-httpx/(\S+)")),
    ("requests", re.compile(r"python-requests/(\S+)")),
    ("curl", re.compile(r"curl/(\S+)")),
    ("browser", re.compile(r"Mozilla/\S+ .*(?:Firefox|Chrome|Version)/(\S+)")),
)
"""How the user agents of clients begin; a closed set, so that it can be counted by."""

SESSION_HEADERS = (
    b"x-claude-code-session-id",
    b"session-id",
    b"session_id",
    b"thread-id",
    b"conversation_id",
)
"""Where Claude Code 2.1 and Codex CLI, 0.34 and 0.169, name the conversation."""
_WORKSPACE = {
    name: b"x-ccproxy-" + name.encode() for name in ("repository", "branch", "worktree")
}
_LONGEST_HEADER = 1024
_LEGAL = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_LONGEST_VERSION = 32
_LONGEST_AGENT = 256


def client_of(headers: Mapping[bytes, bytes]) -> tuple[str | None, str | None]:
    """Name the program that asks, and its version, as far as it tells."""
    agent = headers.get(b"user-agent")
    return (None, None) if not agent else _client(agent[:_LONGEST_AGENT])


def session_of(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the id of the conversation, if the client names one."""
    for name in SESSION_HEADERS:
        value = headers.get(name, b"")
        if value and _LEGAL.fullmatch(value):
            return value.decode()
    return None


def workspace_of(headers: Mapping[bytes, bytes]) -> dict[str, str | None]:
    """Name repository, branch and worktree, those that ``ccproxy run`` has told."""
    return {
        name: _name(value)
        for name, header in _WORKSPACE.items()
        if (value := headers.get(header))
    }


def _name(value: bytes) -> str | None:
    """Read a name that is escaped as in a URL; what no terminal should see is none."""
    if len(value) > _LONGEST_HEADER:
        return None
    name = unquote(value.decode("latin-1"))
    return name if name.isprintable() else None


@lru_cache(256)
def _client(agent: bytes) -> tuple[str, str | None]:
    text = agent.decode("latin-1")
    for name, pattern in _CLIENTS:
        if found := pattern.match(text):
            return name, found[1][:_LONGEST_VERSION]
    return OTHER, None
