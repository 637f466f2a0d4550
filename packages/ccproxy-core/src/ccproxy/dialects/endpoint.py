"""What a caller can ask, and in whose JSON."""

from enum import StrEnum


class Dialect(StrEnum):
    """Whose JSON is spoken."""

    MESSAGES = "anthropic-messages"
    CHAT = "openai-chat"
    RESPONSES = "openai-responses"


class Endpoint(StrEnum):
    """One operation of a dialect; the value is its path below ``/v1/``."""

    MESSAGES = "messages"
    COUNT_TOKENS = "messages/count_tokens"
    CHAT = "chat/completions"
    RESPONSES = "responses"
    COMPACT = "responses/compact"

    @property
    def dialect(self) -> Dialect:
        """The dialect this operation belongs to."""
        return _DIALECT_OF[self]


_DIALECT_OF = {
    Endpoint.MESSAGES: Dialect.MESSAGES,
    Endpoint.COUNT_TOKENS: Dialect.MESSAGES,
    Endpoint.CHAT: Dialect.CHAT,
    Endpoint.RESPONSES: Dialect.RESPONSES,
    Endpoint.COMPACT: Dialect.RESPONSES,
}
