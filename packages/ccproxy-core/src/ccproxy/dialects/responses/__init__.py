"""OpenAI Responses."""

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.openai import error_body
from ccproxy.dialects.responses import losses
from ccproxy.dialects.responses.answer import parse_answer, render_answer
from ccproxy.dialects.responses.error import error_event
from ccproxy.dialects.responses.request_in import parse_request
from ccproxy.dialects.responses.request_out import render_request
from ccproxy.dialects.responses.seals import without_seals
from ccproxy.dialects.responses.stream_in import ResponsesParser
from ccproxy.dialects.responses.stream_out import ResponsesRenderer
from ccproxy.dialects.speaker import Speaker

SPEAKER = Speaker(
    dialect=Dialect.RESPONSES,
    losses=losses.REQUEST,
    answer_losses=losses.ANSWER,
    unsaid=losses.UNSAID,
    unanswered=losses.UNANSWERED,
    longest_name=64,
    longest_id=64,
    parse_request=parse_request,
    render_request=render_request,
    without_seals=without_seals,
    parse_answer=parse_answer,
    render_answer=render_answer,
    parser=ResponsesParser,
    renderer=ResponsesRenderer,
    error_body=error_body,
    error_event=error_event,
)
