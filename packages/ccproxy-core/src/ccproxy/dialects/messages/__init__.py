"""Anthropic Messages."""

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.messages import losses
from ccproxy.dialects.messages.answer import parse_answer, render_answer
from ccproxy.dialects.messages.error import error_body, error_event
from ccproxy.dialects.messages.request_in import parse_request
from ccproxy.dialects.messages.request_out import render_request
from ccproxy.dialects.messages.seals import without_seals
from ccproxy.dialects.messages.stream_in import MessagesParser
from ccproxy.dialects.messages.stream_out import MessagesRenderer
from ccproxy.dialects.speaker import Speaker

SPEAKER = Speaker(
    dialect=Dialect.MESSAGES,
    losses=losses.REQUEST,
    answer_losses=losses.ANSWER,
    unsaid=losses.UNSAID,
    unanswered=losses.UNANSWERED,
    longest_name=128,
    longest_id=256,
    parse_request=parse_request,
    render_request=render_request,
    without_seals=without_seals,
    parse_answer=parse_answer,
    render_answer=render_answer,
    parser=MessagesParser,
    renderer=MessagesRenderer,
    error_body=error_body,
    error_event=error_event,
)
