"""OpenAI Chat Completions."""

from ccproxy.dialects.chat import losses
from ccproxy.dialects.chat.answer import parse_answer, render_answer
from ccproxy.dialects.chat.error import error_event
from ccproxy.dialects.chat.request_in import parse_request, without_seals
from ccproxy.dialects.chat.request_out import render_request
from ccproxy.dialects.chat.stream_in import ChatParser
from ccproxy.dialects.chat.stream_out import ChatRenderer
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.openai import error_body
from ccproxy.dialects.speaker import Speaker

SPEAKER = Speaker(
    dialect=Dialect.CHAT,
    losses=losses.REQUEST,
    answer_losses=losses.ANSWER,
    unsaid=losses.UNSAID,
    unanswered=losses.UNANSWERED,
    longest_name=64,
    longest_id=40,
    parse_request=parse_request,
    render_request=render_request,
    without_seals=without_seals,
    parse_answer=parse_answer,
    render_answer=render_answer,
    parser=ChatParser,
    renderer=ChatRenderer,
    error_body=error_body,
    error_event=error_event,
)
