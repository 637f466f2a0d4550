"""What is OpenAI's own: models that reason refuse to be told how to sample."""

import re

from ccproxy.sdk import Provider, UpstreamRequest

_REASONS = re.compile(r"(o\d|gpt-[5-9])(?!.*-(chat|search))")
_SAMPLING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
)
"""Parameters that these models refuse while they reason.

Source: https://platform.openai.com/docs/guides/latest-model
"""


class OpenAIProvider(Provider):
    """The vendor's own API."""

    async def prepare(self, request: UpstreamRequest) -> None:
        """Ask without what the model would refuse, where it was asked otherwise.

        A caller of another dialect can't know of it: Claude Code's helpers tell a
        temperature.
        """
        payload = request.payload
        if not request.translated or not _REASONS.match(request.model):
            return
        reasoning = payload.get("reasoning")
        effort = payload.get("reasoning_effort")
        if isinstance(reasoning, dict):
            effort = reasoning.get("effort")
        if effort == "none":
            return
        # A temperature or top_p of 1 is what there is anyway, and is taken.
        refused = [name for name in _SAMPLING if payload.get(name) != 1]
        request.leave_out(refused, f"{request.model} refuses it")
