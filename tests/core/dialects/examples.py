"""A request for each feature, in each dialect that has words for it.

Beside it stands what must be found in the provider's request if the feature is kept.
"""

from typing import Any

from ccproxy.dialects import Dialect
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.seal import MARK

F = Feature
MAKER = "maker"
PNG = "iVBORw0KGgo="
LONG = "toolu_" + "x" * 90
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 2}},
    "required": ["city"],
    "additionalProperties": False,
}
SITES = {"allowed_domains": ["example.com"]}
SEAL = f"{MARK}{MAKER}:rs_1::sealed-words"
FOREIGN = f"{MARK}other:rs_1::sealed-words"

Example = tuple[dict[str, Any], object]


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def _messages() -> dict[F, Example]:
    text = {"type": "text", "text": "words"}
    tool = {"name": "weather", "input_schema": SCHEMA}
    call = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"a": 1}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "snow"}
    image = {"type": "base64", "media_type": "image/png", "data": PNG}
    thinking = {"type": "thinking", "thinking": "", "signature": SEAL}
    search = {"type": "web_search_20250305", "name": "web_search"}

    def said(*blocks: Any) -> dict[str, Any]:
        return {"messages": [user(*blocks)]}

    def talk(*blocks: Any, **reply: Any) -> dict[str, Any]:
        answer = {"role": "assistant", "content": [*blocks]}
        return {"messages": [user(text), answer, user({**result, **reply})]}

    def source(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "source": more}

    return {
        F.TEXT: (said(text), "words"),
        F.SYSTEM: ({"system": [{"type": "text", "text": "obey"}]}, "obey"),
        F.LATER_SYSTEM: (
            {"messages": [user(text), {"role": "system", "content": "now obey"}]},
            "now obey",
        ),
        F.IMAGE: (said(source("image", **image)), PNG),
        F.IMAGE_URL: (
            said(source("image", type="url", url="http://x/i.png")),
            "http://x/i.png",
        ),
        F.PREFILL: (
            {"messages": [user(text), {"role": "assistant", "content": "Well,"}]},
            None,
        ),
        F.ANTHROPIC_FILE: (said(source("image", type="file", file_id="f1")), "f1"),
        F.DOCUMENT: (
            said(source("document", type="base64", media_type="a/pdf", data=PNG)),
            PNG,
        ),
        F.DOCUMENT_URL: (
            said(source("document", type="url", url="http://x/d.pdf")),
            "http://x/d.pdf",
        ),
        F.DOCUMENT_TEXT: (said(source("document", type="text", data="doc")), "doc"),
        F.UNKNOWN_BLOCK: (said(text, {"type": "container_upload"}), None),
        F.TOOL: ({"tools": [tool]}, SCHEMA),
        F.STRICT: (
            {"tools": [{**tool, "input_schema": STRICT, "strict": True}]},
            ("strict", True),
        ),
        F.LOOSE: ({"tools": [{**tool, "strict": True}]}, None),
        F.WEB_SEARCH: ({"tools": [search]}, "web_search"),
        F.SEARCH_SITES: ({"tools": [{**search, "blocked_domains": ["x.org"]}]}, None),
        F.SEARCH_USES: ({"tools": [{**search, "max_uses": 3}]}, None),
        F.SEARCHED: (
            talk(
                {"type": "server_tool_use", "id": "s", "name": "web_search"},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                call,
            ),
            None,
        ),
        F.SERVER_TOOL: ({"tools": [{"type": "code_execution_20250825"}]}, None),
        F.TOOL_CHOICE: (
            {"tools": [tool], "tool_choice": {"type": "any"}},
            "required",
        ),
        F.PARALLEL: (
            {
                "tools": [tool],
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            },
            ("parallel_tool_calls", False),
        ),
        F.TOOL_CALL: (talk(call), '{"a":1}'),
        F.TOOL_ORDER: (talk(call, {"type": "text", "text": "late"}), "late"),
        F.TOOL_RESULT: (talk(call), "snow"),
        F.TOOL_ERROR: (talk(call, is_error=True), None),
        F.TOOL_IMAGE: (talk(call, content=[source("image", **image)]), PNG),
        F.ORPHAN: (said(result), None),
        F.LONG_NAME: (talk({**call, "id": LONG}, tool_use_id=LONG), None),
        F.REASONING: (
            talk({**thinking, "thinking": "hm", "signature": _sealed("hm")}, call),
            "hm",
        ),
        F.FOREIGN_REASONING: (talk({**thinking, "signature": FOREIGN}, call), None),
        F.CITATION: (
            talk({**text, "citations": [{"url": "http://x", "title": "t"}]}, call),
            None,
        ),
        F.OTHER_CITATION: (
            talk({**text, "citations": [{"document_index": 0}]}, call),
            None,
        ),
        F.EFFORT: ({"output_config": {"effort": "low"}}, "low"),
        F.BUDGET: (
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            "low",
        ),
        F.JSON_SCHEMA: (
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            SCHEMA,
        ),
        F.CACHE_MARK: (said({**text, "cache_control": {"type": "ephemeral"}}), None),
        F.TEMPERATURE: ({"temperature": 0.5}, 0.5),
        F.TOP_P: ({"top_p": 0.25}, 0.25),
        F.TOP_K: ({"top_k": 7}, None),
        F.MAX_TOKENS: ({"max_tokens": 9}, 9),
        F.STOP: ({"stop_sequences": ["END", *"abcd"]}, None),
        F.USER: ({"metadata": {"user_id": "me"}}, "me"),
        F.SERVICE_TIER: ({"service_tier": "auto"}, "auto"),
        F.BILLING: (
            {"system": [{"type": "text", "text": "x-anthropic-billing-header: a"}]},
            None,
        ),
        F.UNKNOWN: ({"context_management": {}}, None),
    }


def _openai(answer: dict[F, dict[str, Any]]) -> dict[F, Example]:
    """What both of OpenAI's dialects say alike."""
    return {
        F.TEMPERATURE: ({"temperature": 1.5}, 1.5),
        F.USER: ({"user": "me"}, "me"),
        F.METADATA: ({"metadata": {"k": "v"}}, {"k": "v"}),
        F.SERVICE_TIER: ({"service_tier": "flex"}, "flex"),
        F.CACHE_KEY: ({"prompt_cache_key": "key"}, "key"),
        F.SAFETY_ID: ({"safety_identifier": "id"}, "id"),
        F.CACHE_RETENTION: ({"prompt_cache_retention": "24h"}, "24h"),
        F.UNKNOWN: ({"moderation": {}}, None),
        **{feature: (each, None) for feature, each in answer.items()},
    }


def _chat() -> dict[F, Example]:
    function = {"name": "weather", "parameters": SCHEMA}
    tool = {"type": "function", "function": function}
    custom = {"type": "custom", "custom": {"name": "patch"}}
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"a":1}'},
    }
    reply = {"role": "tool", "tool_call_id": "call_1", "content": "snow"}
    data = f"data:application/pdf;base64,{PNG}"

    def said(*parts: Any) -> dict[str, Any]:
        return {"messages": [user(*parts)]}

    def talk(**answer: Any) -> dict[str, Any]:
        said: Any = {"role": "assistant", "tool_calls": [call], **answer}
        name = said["tool_calls"][0]["id"]
        return {
            "messages": [user("x"), said, {**reply, "tool_call_id": name}],
        }

    def part(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, kind: more}

    allowed = {"mode": "auto", "tools": [{"function": {"name": "weather"}}]}
    return {
        F.TEXT: (said({"type": "text", "text": "words"}), "words"),
        F.SYSTEM: (
            {"messages": [{"role": "system", "content": "obey"}, user("x")]},
            "obey",
        ),
        F.LATER_SYSTEM: (
            {
                "messages": [
                    {"role": "user", "content": "x"},
                    {"role": "system", "content": "now obey"},
                ]
            },
            "now obey",
        ),
        F.IMAGE: (said(part("image_url", url=f"data:image/png;base64,{PNG}")), PNG),
        F.IMAGE_URL: (
            said(part("image_url", url="http://x/i.png")),
            "http://x/i.png",
        ),
        F.DOCUMENT: (said(part("file", file_data=data, filename="d.pdf")), PNG),
        F.DOCUMENT_FILE: (said(part("file", file_id="file-1")), "file-1"),
        F.AUDIO: (said(part("input_audio", data=PNG)), None),
        F.UNKNOWN_BLOCK: (said({"type": "hologram"}), None),
        F.TOOL: ({"tools": [tool]}, SCHEMA),
        F.STRICT: (
            {
                "tools": [
                    {
                        **tool,
                        "function": {**function, "parameters": STRICT, "strict": True},
                    }
                ]
            },
            ("strict", True),
        ),
        F.CUSTOM_TOOL: ({"tools": [custom]}, "custom"),
        F.WEB_SEARCH: ({"web_search_options": {}}, "web_search"),
        F.SEARCH_SIZE: ({"web_search_options": {"search_context_size": "low"}}, "low"),
        F.SERVER_TOOL: ({"tools": [{"type": "code_interpreter"}]}, None),
        F.TOOL_CHOICE: (
            {"tools": [tool], "tool_choice": part("function", name="weather")},
            ("name", "weather"),
        ),
        F.ALLOWED_TOOLS: (
            {
                "tools": [tool],
                "tool_choice": {"type": "allowed_tools", "allowed_tools": allowed},
            },
            "allowed_tools",
        ),
        F.PARALLEL: ({"tools": [tool], "parallel_tool_calls": False}, None),
        F.TOOL_CALL: (talk(), "weather"),
        F.TOOL_RESULT: (talk(), "snow"),
        F.ORPHAN: ({"messages": [reply]}, None),
        F.OPENING: (
            {"messages": [{"role": "assistant", "content": "Ask!"}, user(WORDS)]},
            "Ask!",
        ),
        F.CLOSING: (
            {"messages": [user(WORDS), {"role": "assistant", "content": "Well,"}]},
            "Well,",
        ),
        F.IMAGE_DETAIL: (
            said(part("image_url", url="http://x/i.png", detail="low")),
            "low",
        ),
        F.LONG_NAME: (
            {"tools": [{**tool, "function": {**function, "name": "a.b"}}]},
            None,
        ),
        F.FOREIGN_REASONING: (talk(reasoning_content="hm"), None),
        F.REFUSAL: (talk(refusal="I won't."), "I won't."),
        F.EFFORT: (
            {
                "reasoning_effort": "low",
                "tools": [tool],
                "tool_choice": "required",
            },
            "low",
        ),
        F.JSON_SCHEMA: (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA},
                }
            },
            SCHEMA,
        ),
        F.JSON_OBJECT: ({"response_format": {"type": "json_object"}}, "json_object"),
        F.TOP_P: ({"top_p": 0.25, "reasoning_effort": "low"}, 0.25),
        F.SEED: ({"seed": 5}, None),
        F.FREQUENCY_PENALTY: ({"frequency_penalty": 0.1}, None),
        F.PRESENCE_PENALTY: ({"presence_penalty": 0.1}, None),
        F.LOGIT_BIAS: ({"logit_bias": {"1": 2}}, None),
        F.STOP: ({"stop": ["END", "\n"]}, None),
        F.VERBOSITY: ({"verbosity": "low"}, "low"),
        **_openai(
            {
                F.MAX_TOKENS: {"messages": [user({"type": "text", "text": "x"})]},
                F.SEVERAL: {"n": 2},
                F.FUNCTIONS: {"functions": [{"name": "f"}]},
                F.AUDIO_ANSWER: {"modalities": ["text", "audio"]},
            }
        ),
        F.LOGPROBS: ({"logprobs": True, "top_logprobs": 3}, 3),
    }


def _responses() -> dict[F, Example]:
    tool = {"type": "function", "name": "weather", "parameters": SCHEMA}
    call = {
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": '{"a":1}',
    }
    output = {"type": "function_call_output", "call_id": "call_1", "output": "snow"}
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    message = {"type": "message", "role": "assistant"}

    def said(*parts: Any) -> dict[str, Any]:
        return {"input": [user(*parts)]}

    def talk(*items: Any, **reply: Any) -> dict[str, Any]:
        return {"input": [user(TEXT), *items, {**output, **reply}]}

    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    file = {"type": "input_file"}
    allowed = {"type": "allowed_tools", "mode": "auto"}
    cited = {
        "type": "output_text",
        "text": "w",
        "annotations": [{"type": "url_citation", "url": "http://x", "title": "t"}],
    }
    of_a_file = {**cited, "annotations": [{"type": "file_citation", "file_id": "f"}]}
    return {
        F.TEXT: ({"input": "words"}, "words"),
        F.SYSTEM: ({"instructions": "obey"}, "obey"),
        F.LATER_SYSTEM: (
            {"input": [user(TEXT), {"role": "developer", "content": "now obey"}]},
            "now obey",
        ),
        F.IMAGE: (said(image), PNG),
        F.IMAGE_URL: (said({**image, "image_url": "http://x/i.png"}), "http://x/i.png"),
        F.IMAGE_FILE: (said({"type": "input_image", "file_id": "file-1"}), "file-1"),
        F.DOCUMENT: (
            said({**file, "file_data": f"data:a/pdf;base64,{PNG}"}),
            PNG,
        ),
        F.DOCUMENT_URL: (
            said({**file, "file_url": "http://x/d.pdf"}),
            "http://x/d.pdf",
        ),
        F.DOCUMENT_FILE: (said({**file, "file_id": "file-1"}), "file-1"),
        F.UNKNOWN_BLOCK: (talk({"type": "file_search_call"}, call), None),
        F.TOOL: ({"tools": [tool]}, SCHEMA),
        F.STRICT: (
            {"tools": [{**tool, "parameters": STRICT, "strict": True}]},
            ("strict", True),
        ),
        F.CUSTOM_TOOL: ({"tools": [{"type": "custom", "name": "patch"}]}, None),
        F.NAMESPACE: (
            {"tools": [{"type": "namespace", "name": "ns", "tools": [tool]}]},
            None,
        ),
        F.WEB_SEARCH: ({"tools": [{"type": "web_search"}]}, "web_search"),
        F.SEARCH_SITES: (
            {"tools": [{"type": "web_search", "filters": SITES}]},
            ["example.com"],
        ),
        F.SEARCH_SIZE: (
            {"tools": [{"type": "web_search", "search_context_size": "low"}]},
            "low",
        ),
        F.SEARCHED: (talk({"type": "web_search_call", "id": "ws_1"}, call), None),
        F.SERVER_TOOL: ({"tools": [{"type": "file_search"}]}, None),
        F.TOOL_CHOICE: (
            {"tools": [tool], "tool_choice": {"type": "function", "name": "weather"}},
            ("name", "weather"),
        ),
        F.ALLOWED_TOOLS: (
            {"tools": [tool], "tool_choice": {**allowed, "tools": [tool]}},
            "allowed_tools",
        ),
        F.PARALLEL: ({"tools": [tool], "parallel_tool_calls": False}, None),
        F.TOOL_CALL: (talk(call), "weather"),
        F.TOOL_ORDER: (talk(call, {**message, "content": "late"}), "late"),
        F.TOOL_RESULT: (talk(call), "snow"),
        F.TOOL_IMAGE: (talk(call, output=[image]), PNG),
        F.ORPHAN: ({"input": [output]}, None),
        F.OPENING: (
            {"input": [{**message, "content": "Ask!"}, user(TEXT)]},
            "Ask!",
        ),
        F.CLOSING: (
            {"input": [user(TEXT), {**message, "content": "Well,"}]},
            "Well,",
        ),
        F.IMAGE_DETAIL: (said({**image, "detail": "low"}), "low"),
        F.LONG_NAME: (talk({**call, "call_id": LONG * 4}, call_id=LONG * 4), None),
        F.REASONING: (
            talk({**reasoning, "encrypted_content": _sealed("hm")} | SUMMARY, call),
            "hm",
        ),
        F.FOREIGN_REASONING: (
            talk({**reasoning, "encrypted_content": FOREIGN}, call),
            None,
        ),
        F.REFUSAL: (
            talk({**message, "content": [{"type": "refusal", "refusal": "No."}]}, call),
            "No.",
        ),
        F.CITATION: (talk({**message, "content": [cited]}, call), None),
        F.OTHER_CITATION: (talk({**message, "content": [of_a_file]}, call), None),
        F.EFFORT: (
            {
                "reasoning": {"effort": "low"},
                "tools": [tool],
                "tool_choice": "required",
            },
            "low",
        ),
        F.JSON_SCHEMA: (
            {
                "text": {
                    "format": {"type": "json_schema", "name": "n", "schema": SCHEMA}
                }
            },
            SCHEMA,
        ),
        F.JSON_OBJECT: ({"text": {"format": {"type": "json_object"}}}, "json_object"),
        F.TOP_P: ({"top_p": 0.25, "reasoning": {"effort": "low"}}, 0.25),
        F.VERBOSITY: ({"text": {"verbosity": "low"}}, "low"),
        **_openai(
            {
                F.MAX_TOKENS: {"input": "x"},
                F.STORED: {"conversation": "conv_1"},
                F.COMPACTED: {"input": [{"type": "compaction"}]},
                F.BACKGROUND: {"background": True},
            }
        ),
        F.LOGPROBS: (
            {"include": ["message.output_text.logprobs"], "top_logprobs": 3},
            3,
        ),
    }


CONDITIONAL: dict[tuple[Dialect, F], dict[str, Any]] = {
    (Dialect.CHAT, F.MAX_TOKENS): {"max_completion_tokens": 1},
}
"""What the client has to ask for Responses to change it."""


def _sealed(words: str) -> str:
    from ccproxy.dialects.conversation import Reasoning
    from ccproxy.dialects.seal import enclose

    return enclose(Reasoning(words, "sealed-words", MAKER))


WORDS = {"type": "text", "text": "words"}
TEXT = {"type": "input_text", "text": "words"}
SUMMARY = {"summary": [{"type": "summary_text", "text": "hm"}]}
BASES: dict[Dialect, dict[str, Any]] = {
    Dialect.MESSAGES: {
        "model": "m",
        "max_tokens": 99,
        "messages": [user({"type": "text", "text": "x"})],
    },
    Dialect.CHAT: {"model": "m", "messages": [user({"type": "text", "text": "x"})]},
    Dialect.RESPONSES: {"model": "m", "input": [user(TEXT)]},
}
EXAMPLES: dict[Dialect, dict[F, Example]] = {
    Dialect.MESSAGES: _messages(),
    Dialect.CHAT: _chat(),
    Dialect.RESPONSES: _responses(),
}
