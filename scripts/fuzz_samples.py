"""What ``fuzz`` changes, and what it puts in: requests of each dialect, odd values."""

from collections.abc import Mapping

from ccproxy.dialects import Dialect
from ccproxy.dialects.json import Json, JsonObject

ODD: tuple[Json, ...] = (
    None,
    True,
    -1,
    0.5,
    "",
    "x" * 300,
    "\u2028",
    "data:image/png;base64,AAAA",
    [],
    {},
    [[None]],
    {"type": "text"},
    {"type": []},
)
PLAIN: JsonObject = {"model": "m", "messages": [], "input": "x"}
_CALLS: Json = [
    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
]
REQUESTS: Mapping[Dialect, JsonObject] = {
    Dialect.MESSAGES: {
        "model": "m",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "s", "cache_control": {}}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a", "citations": [{"url": "u"}]},
                    {
                        "type": "document",
                        "source": {"type": "content", "content": [{"type": "text"}]},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "thinking",
                        "thinking": "h",
                        "signature": "ccproxy1:a:b:c:d",
                    },
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "content": [
                            {"type": "image", "source": {"type": "url", "url": "u"}},
                            {"type": "document", "source": {"type": "text"}},
                            {"type": "search_result", "source": "u", "content": []},
                        ],
                    }
                ],
            },
        ],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "low", "format": {"schema": {}}},
        "metadata": {"user_id": '{"session_id":"s"}'},
    },
    Dialect.CHAT: {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "u"}},
                    {"type": "file", "file": {"file_data": "QQ==", "filename": "a"}},
                ],
            },
            {"role": "assistant", "content": "b", "tool_calls": _CALLS},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {}}},
            {"type": "custom", "custom": {"name": "g", "format": {"grammar": {}}}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"schema": {}}},
        "stop": ["x"],
        "temperature": 1.5,
        "service_tier": "auto",
        "reasoning_effort": "low",
        "parallel_tool_calls": False,
        "max_tokens": 9,
        "user": "me",
    },
    Dialect.RESPONSES: {
        "model": "m",
        "instructions": "s",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
            {
                "type": "reasoning",
                "id": "r",
                "summary": [{"text": "h"}],
                "encrypted_content": "ccproxy1:a:b:c:d",
            },
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [{"text": "r"}]},
            {"type": "additional_tools", "tools": [{"type": "custom", "name": "h"}]},
        ],
        "tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "schema": {}}, "verbosity": "low"},
        "max_output_tokens": 9,
        "include": ["x"],
        "service_tier": "flex",
        "metadata": {"k": "v"},
    },
}

FRAMES: tuple[JsonObject, ...] = (
    {"type": "response.create", "model": "m", "input": "x", "generate": False},
    {"type": "response.create", "model": "m", "input": [{"type": "message"}]},
    {
        "type": "response.create",
        "model": "m",
        "input": [{"type": "function_call_output", "call_id": "c", "output": "r"}],
        "previous_response_id": "resp_01",
    },
)
"""What a client sends over a WebSocket."""
