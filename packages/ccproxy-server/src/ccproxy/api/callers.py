"""Which program asks, and in which of its conversations: what its headers tell."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from ccproxy.dialects.session import session_of as session_of_user
from ccproxy.sdk import JsonObject

OTHER = "other"
"""The client that is none of the table."""

_CLIENTS = (
    ("claude-code", re.compile(r"claude-(?:cli|code)/(\S+)")),
    ("codex", re.compile(r"codex[a-z_-]*/(\S+)")),
    ("opencode", re.compile(r"opencode/(\S+)")),
    ("pydantic-ai", re.compile(r"pydantic-ai/(\S+)")),
    ("litellm", re.compile(r"litellm/(\S+)")),
    ("vercel-ai", re.compile(r"ai/(\S+) ai-sdk/")),
    ("anthropic-python", re.compile(r"(?:Async)?Anthropic/Python (\S+)")),
    ("anthropic-js", re.compile(r"Anthropic/JS (\S+)")),
    ("openai-python", re.compile(r"(?:Async)?OpenAI/Python (\S+)")),
    ("openai-js", re.compile(r"OpenAI/JS (\S+)")),
    ("httpx", re.compile(r"python-httpx/(\S+)")),
    ("aiohttp", re.compile(r"Python/\S+ aiohttp/(\S+)")),
    ("requests", re.compile(r"python-requests/(\S+)")),
    ("curl", re.compile(r"curl/(\S+)")),
    ("browser", re.compile(r"Mozilla/\S+ .*(?:Firefox|Chrome|Version)/(\S+)")),
)
"""How the user agents of clients begin; a closed set, so that it can be counted by."""

_SESSION_HEADERS = (
    b"x-claude-code-session-id",
    b"session-id",  # Codex CLI 0.169
    b"session_id",  # 0.34
    b"thread-id",
    b"conversation_id",
    b"x-session-affinity",  # opencode
)
_WORKSPACE = {
    name: b"x-ccproxy-" + name.encode() for name in ("repository", "branch", "worktree")
}
_LONGEST_CONVERSATION = 256
_LONGEST_HEADER = 1024
_LEGAL = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_LONGEST_VERSION = 32
_LONGEST_AGENT = 256


def client_of(headers: Mapping[bytes, bytes]) -> tuple[str | None, str | None]:
    """Name the program that asks, and its version, as far as it tells."""
    agent = headers.get(b"user-agent")
    return (None, None) if not agent else _client(agent[:_LONGEST_AGENT])


def session_of(headers: Mapping[bytes, bytes], inside: str | None) -> str | None:
    """Return the id of the conversation, if the client names one that can be shown.

    Args:
        headers: The request's.
        inside: What its body calls the conversation.
    """
    said_inside = (inside or "").encode("utf-8", "replace")
    for value in (*map(headers.get, _SESSION_HEADERS), said_inside):
        if value and _LEGAL.fullmatch(value):
            return value.decode()
    return None


def named_inside(payload: JsonObject) -> str | None:
    """Find what a body calls the conversation; ``None`` if it says nothing."""
    said = payload.get("prompt_cache_key")
    if not said:
        metadata = payload.get("metadata")
        user = metadata.get("user_id") if isinstance(metadata, dict) else None
        said = session_of_user(user) if isinstance(user, str) else None
    return said if isinstance(said, str) and said else None


def conversation_of(headers: Mapping[bytes, bytes], payload: JsonObject) -> str | None:
    """Find what the client calls the conversation; ``None`` if it says nothing."""
    for name in _SESSION_HEADERS:
        if said := headers.get(name):
            return said[:_LONGEST_CONVERSATION].decode("latin-1")
    inside = named_inside(payload)
    return inside and inside[:_LONGEST_CONVERSATION]


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
