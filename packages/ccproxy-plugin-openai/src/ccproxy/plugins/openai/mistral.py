"""What is Mistral's own: its API refuses every field that it does not know.

Source: https://docs.mistral.ai/api/; that ``stream_options`` and ``reasoning_content``
are refused, too, is known from public reports (such as
https://github.com/openai/openai-agents-python/issues/442).
"""

import re

from ccproxy.sdk import Endpoint, Json, JsonObject, Provider, UpstreamRequest

_KNOWN = {
    *("model", "messages", "temperature", "top_p", "max_tokens", "min_tokens"),
    *("stream", "stop", "random_seed", "response_format", "tools", "tool_choice"),
    *("presence_penalty", "frequency_penalty", "n", "prediction", "metadata"),
    *("parallel_tool_calls", "prompt_mode", "safe_prompt", "reasoning_effort"),
}
_THINKS = re.compile(r"mistral-(small|medium)|magistral")
"""How the names of models begin that can be told how much to think."""


class MistralProvider(Provider):
    """Mistral's API, as far as it differs from OpenAI's."""

    async def prepare(self, request: UpstreamRequest) -> None:
        """Ask in Mistral's words, where the caller spoke another dialect."""
        if not request.translated or request.endpoint is not Endpoint.CHAT:
            return
        payload = dict(request.payload)
        payload.pop("stream_options", None)  # it tells what was used by itself
        if "seed" in payload:
            payload["random_seed"] = payload.pop("seed")
        if _THINKS.match(request.model):
            _tell_effort(payload)
        payload["messages"] = _without_thoughts(payload["messages"])
        if payload != request.payload:
            request.rewrite(payload)
        unknown = [name for name in payload if name not in _KNOWN]
        if not _THINKS.match(request.model):
            unknown.append("reasoning_effort")
        request.leave_out(unknown, "Mistral refuses it")


def _tell_effort(payload: JsonObject) -> None:
    """Tell an effort in one of the two words that there are."""
    effort = payload.get("reasoning_effort")
    if effort is not None:
        payload["reasoning_effort"] = "none" if effort == "none" else "high"


def _without_thoughts(messages: Json) -> Json:
    """Leave out the reasoning of earlier answers."""
    if not isinstance(messages, list):
        return messages
    return [
        {name: each[name] for name in each if name != "reasoning_content"}
        if isinstance(each, dict)
        else each
        for each in messages
    ]
