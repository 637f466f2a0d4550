"""Writes the parameters of OpenAI Responses requests.

Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from ccproxy.dialects.conversation import Conversation, Format, Setting
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import JsonObject, strings
from ccproxy.dialects.openai import write_level, write_schema
from ccproxy.dialects.responses.request_in import SETTINGS
from ccproxy.dialects.session import short_user
from ccproxy.dialects.speaker import Writing

LEAST_TOKENS = 16
"""The API takes no smaller ``max_output_tokens``."""

_FIELDS = {setting: name for name, setting in SETTINGS.items()}


def write_reasoning(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    """Say how much to think, and whether to tell of it."""
    if asked.effort is None:
        return
    reasoning: JsonObject = {}
    if level := write_level(asked.effort, writing):
        reasoning["effort"] = level
    if asked.effort.shown:
        reasoning["summary"] = "auto"
    if reasoning:
        body["reasoning"] = reasoning


def write_text(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    """Say what the answer's text is to be like."""
    written: JsonObject = {}
    if asked.format is not None:
        written["format"] = _format(asked.format, writing)
    if verbosity := asked.settings.get(Setting.VERBOSITY):
        written["verbosity"] = verbosity
    if written:
        body["text"] = written


def _format(wanted: Format, writing: Writing) -> JsonObject:
    if not wanted.schema:
        return {"type": "json_object"}
    return {"type": "json_schema", **write_schema(wanted, writing)}


def write_settings(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    """Write all that is told in a word."""
    for setting, value in asked.settings.items():
        if setting is Setting.USER and isinstance(value, str):
            body["user"] = short_user(value)
        elif setting is Setting.MAX_TOKENS and isinstance(value, int):
            if value < LEAST_TOKENS:
                writing.notes.lose(Feature.MAX_TOKENS)
            body["max_output_tokens"] = max(value, LEAST_TOKENS)
        elif setting is Setting.STOP:
            writing.heed(strings(value))
        elif setting in _FIELDS:
            body[_FIELDS[setting]] = value
        elif setting is not Setting.VERBOSITY:
            writing.notes.lose(Feature(setting.value))
