"""The dialects that are spoken. A further one is a further name here."""

from collections.abc import Mapping

from ccproxy.dialects import chat, messages, responses
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.speaker import Speaker

SPEAKERS: Mapping[Dialect, Speaker] = {
    each.SPEAKER.dialect: each.SPEAKER for each in (messages, chat, responses)
}
