"""Upstreams that answer as the sandbox does, and refuse what the real ones refuse.

The rules are those of the public documentation and of errors that people report; each
rule's words are what the vendor says, or close to it.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from ccproxy.dialects.seal import MARK
from ccproxy.plugins.sandbox.upstream import SandboxResponse, SandboxUpstream
from ccproxy.sdk import (
    Contributions,
    Dialect,
    Endpoint,
    Manifest,
    Plugin,
    PluginConfig,
    Provider,
    UpstreamRequest,
)

SEALED = re.compile(rb'"(signature|data|encrypted_content)":"' + MARK.encode())
WORD = re.compile(r"[A-Za-z0-9_-]+")
KNOWN = {
    Dialect.MESSAGES: re.compile(
        "model|messages|max_tokens|system|tools|tool_choice|metadata|stop_sequences|"
        "stream|temperature|top_k|top_p|thinking|output_config|service_tier"
    ),
    Dialect.CHAT: re.compile(
        "model|messages|tools|tool_choice|parallel_tool_calls|max_tokens|"
        "max_completion_tokens|temperature|top_p|stop|stream|stream_options|seed|frequency_penalty|"
        "presence_penalty|logit_bias|user|metadata|service_tier|response_format|"
        "reasoning_effort|verbosity|prompt_cache_key|prompt_cache_retention|"
        "safety_identifier|web_search_options"
    ),
    Dialect.RESPONSES: re.compile(
        "model|input|instructions|tools|tool_choice|parallel_tool_calls|stream|store|"
        "max_output_tokens|temperature|top_p|include|reasoning|text|user|metadata|"
        "service_tier|prompt_cache_key|prompt_cache_retention|safety_identifier"
    ),
}
"""The parameters of each API; it refuses those of other names."""


def complaints(dialect: Dialect, body: dict[str, Any]) -> Iterator[str]:
    """Everything a vendor would refuse a request for."""
    for name in body:
        if not KNOWN[dialect].fullmatch(name):
            yield f"Unrecognized request argument supplied: {name}"
    if SEALED.search(orjson.dumps(body)):
        yield "Invalid signature: it is the gateway's own"
    if "tool_choice" in body and not body.get("tools"):
        yield "'tool_choice' is only allowed when 'tools' are specified"
    check = {
        Dialect.MESSAGES: _messages,
        Dialect.CHAT: _chat,
        Dialect.RESPONSES: _responses,
    }
    yield from check[dialect](body)


def _messages(body: dict[str, Any]) -> Iterator[str]:
    messages = body["messages"]
    if not messages or messages[0]["role"] != "user":
        yield "messages: first message must use the user role"
    if messages and messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill"
    if orjson.dumps(body).count(b"cache_control") > 4:
        yield "A maximum of 4 blocks with cache_control may be provided"
    for tool in body.get("tools", ()):
        if tool.get("type", "custom") != "custom":
            continue
        if not WORD.fullmatch(tool["name"]) or len(tool["name"]) > 128:
            yield "tools.name: String should match pattern"
        if tool["input_schema"].get("type") != "object":
            yield "tools.input_schema.type: Field required"
    called: set[str] = set()
    for message in messages:
        blocks = _parts(message["content"], "text")
        if message["role"] not in {"user", "assistant"}:
            yield f"messages.role: Unexpected role {message['role']}"
        results = [each["tool_use_id"] for each in blocks if _is_result(each)]
        if not all(map(_is_result, blocks[: len(results)])):
            yield "tool_result blocks must come first"
        if set(results) != called:
            yield "`tool_use` ids were found without `tool_result` blocks, or others"
        called = {each["id"] for each in blocks if each["type"] == "tool_use"}
        for block in blocks:
            yield from _block(block)


def _parts(content: str | list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Read a text alone, which callers may send, as the one part that it is."""
    if isinstance(content, str):
        return [{"type": kind, "text": content}]
    return content


def _is_result(block: dict[str, Any]) -> bool:
    return bool(block["type"] == "tool_result")


def _block(block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "text" and not block["text"]:
        yield "text content blocks must be non-empty"
    if block["type"] == "tool_use":
        if not WORD.fullmatch(block["id"]):
            yield "tool_use.id: String should match pattern"
        if not isinstance(block["input"], dict):
            yield "tool_use.input: Input should be a valid dictionary"


def _chat(body: dict[str, Any]) -> Iterator[str]:
    if body.get("stream_options") and not body.get("stream"):
        yield "stream_options is only allowed with stream"
    open_calls: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                yield "messages with role 'tool' must be a response to 'tool_calls'"
            open_calls.discard(message["tool_call_id"])
            if not isinstance(message["content"], str):
                yield "tool messages hold text"
            continue
        if open_calls:
            yield "'tool_calls' must be followed by tool messages to each"
        for call in message.get("tool_calls", ()):
            open_calls.add(call["id"])
            if len(call["id"]) > 40:
                yield "tool_calls.id: string too long, maximum length 40"
            orjson.loads(call["function"]["arguments"])
    if open_calls:
        yield "'tool_calls' must be followed by tool messages to each"
    for tool in body.get("tools", ()):
        name = tool["function"]["name"]
        if not WORD.fullmatch(name) or len(name) > 64:
            yield "tools.function.name: string does not match pattern"


def _responses(body: dict[str, Any]) -> Iterator[str]:
    if body.get("max_output_tokens", 16) < 16:
        yield "max_output_tokens: integer below minimum value"
    calls: set[str] = set()
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind == "item_reference":
            yield "Item not found. Items are not persisted when `store` is false"
        if kind == "reasoning" and not item.get("encrypted_content"):
            yield "Item of type 'reasoning' was provided without its content"
        if kind.endswith("call") and kind != "web_search_call":
            calls.add(item["call_id"])
            if len(item["call_id"]) > 64:
                yield "call_id: string too long, maximum length 64"
        if kind.endswith("_output") and item["call_id"] not in calls:
            yield "No tool call found for function call output"
        if kind == "message":
            says = "output_text" if item["role"] == "assistant" else "input_"
            for part in _parts(item["content"], says):
                if not part["type"].startswith((says, "refusal")):
                    yield f"Invalid value: {part['type']}"
    for tool in body.get("tools", ()):
        closed = tool.get("parameters", {}).get("additionalProperties") is False
        if tool["type"] == "function" and tool.get("strict", True) and not closed:
            yield "Invalid schema: additionalProperties is required to be false"


class StrictUpstream:
    """The sandbox behind the rules.

    Attributes:
        seen: The requests, in their order.
    """

    def __init__(self) -> None:
        self.seen: list[UpstreamRequest] = []
        self._sandbox = SandboxUpstream()

    async def send(self, request: UpstreamRequest) -> SandboxResponse:
        self.seen.append(request)
        dialect = request.endpoint.dialect
        body = orjson.loads(request.body)
        found = list(complaints(dialect, body))
        if found:
            error = {"error": {"message": "; ".join(found), "type": "invalid"}}
            head = {"content-type": "application/json"}
            return SandboxResponse(400, head, [orjson.dumps(error)])
        return await self._sandbox.send(request)


ONLY = {
    Dialect.MESSAGES: "only-messages",
    Dialect.CHAT: "only-chat",
    Dialect.RESPONSES: "only-responses",
}
"""Providers that speak one dialect each, by name."""

_ENDPOINTS = {
    Dialect.MESSAGES: Endpoint.MESSAGES,
    Dialect.CHAT: Endpoint.CHAT,
    Dialect.RESPONSES: Endpoint.RESPONSES,
}


def strict_plugin(upstream: StrictUpstream) -> type[Plugin[PluginConfig]]:
    """A plugin with a provider for each dialect."""

    class StrictPlugin(Plugin[PluginConfig]):
        manifest = Manifest("strict", "1")

        def setup(self, add: Contributions) -> None:
            for dialect, name in ONLY.items():
                add.provider(
                    Provider(
                        name=name,
                        base_url="http://strict.invalid/v1",
                        endpoints=[_ENDPOINTS[dialect]],
                        upstream=upstream,
                    )
                )

    return StrictPlugin
