"""Writes the parameters of Anthropic Messages requests.

Source: https://docs.claude.com/en/api/messages
"""

from ccproxy.dialects.conversation import Conversation, Setting
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, an_object, strings, text
from ccproxy.dialects.speaker import Writing

MAX_TOKENS = 32_000
"""Sent where the caller set no limit; Anthropic wants one."""

_OLD_MAX_TOKENS = {"claude-3-5": 8192, "claude-3-": 4096}
"""What older models can write at most, by the beginning of their names."""

_PLAIN = {
    Setting.TOP_K: "top_k",
    Setting.TOP_P: "top_p",
}
_NOT_WHILE_THINKING = {Setting.TEMPERATURE, Setting.TOP_K, Setting.TOP_P}
_TIERS = {"auto": "auto", "default": "standard_only"}


def max_tokens(asked: Conversation, writing: Writing) -> Json:
    """Tell how long the answer may be; there has to be a limit."""
    if Setting.MAX_TOKENS in asked.settings:
        return asked.settings[Setting.MAX_TOKENS]
    writing.notes.lose(Feature.MAX_TOKENS)
    for beginning, most in _OLD_MAX_TOKENS.items():
        if asked.model.startswith(beginning):
            return most
    return MAX_TOKENS


def write_settings(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    """Write all that is told in a word."""
    if asked.logprobs is not None:
        writing.notes.lose(Feature.LOGPROBS)
    thinks = an_object(body.get("thinking")).get("type") in {"enabled", "adaptive"}
    for setting, value in asked.settings.items():
        if thinks and setting in _NOT_WHILE_THINKING:
            writing.notes.lose(Feature(setting.value))
        elif setting in _PLAIN:
            body[_PLAIN[setting]] = value
        elif setting is Setting.STOP:
            _write_stops(body, strings(value), writing)
        elif setting is Setting.TEMPERATURE:
            body["temperature"] = _at_most_one(value, writing)
        elif setting is Setting.USER:
            body["metadata"] = {"user_id": value}
        elif setting is Setting.SAFETY_ID:
            writing.notes.lose(Feature.SAFETY_ID)
            body.setdefault("metadata", {"user_id": value})
        elif setting is Setting.SERVICE_TIER and text(value) in _TIERS:
            body["service_tier"] = _TIERS[text(value)]
        elif setting is not Setting.MAX_TOKENS:
            writing.notes.lose(Feature(setting.value))


def _write_stops(body: JsonObject, stops: tuple[str, ...], writing: Writing) -> None:
    """Leave out what is white space alone; the API refuses that."""
    if said := [each for each in stops if each.strip()]:
        body["stop_sequences"] = [*said]
    writing.heed([each for each in stops if not each.strip()])


def _at_most_one(value: Json, writing: Writing) -> Json:
    if isinstance(value, int | float) and value > 1:
        writing.notes.lose(Feature.TEMPERATURE)
        return 1
    return value
