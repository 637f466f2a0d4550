"""Names a conversation for a provider's prompt cache.

The name has to stay the same in every turn, and differ between conversations: it leads
a request to the machine that still knows the conversation's beginning.

Source: https://platform.openai.com/docs/guides/prompt-caching
"""

import hashlib
import re
import uuid

import orjson

from ccproxy.dialects.conversation import Conversation, Image, Role, Text

_SESSION = re.compile(r"session_([0-9a-fA-F-]{36})")


def session_of(user_id: str) -> str:
    """Read the session from Claude Code's ``metadata.user_id``.

    It is JSON with a ``session_id`` (2.1.197, measured); earlier it ended in
    ``_session_`` and a UUID.
    """
    if user_id.startswith("{"):
        try:
            session = orjson.loads(user_id).get("session_id")
        except orjson.JSONDecodeError:
            return ""
        return session if isinstance(session, str) else ""
    found = _SESSION.search(user_id)
    return found[1] if found else ""


def cache_key(conversation: Conversation) -> str:
    """Name a conversation: by its session, or else by the hash of its beginning.

    The beginning is all up to the first turn of the user's. Two conversations that
    begin alike share their name, and may.
    """
    if conversation.session:
        return conversation.session[:64]
    digest = hashlib.sha256(conversation.model.encode())
    for text in conversation.system:
        digest.update(_bytes(text.text))
    for turn in conversation.turns:
        for block in turn.blocks:
            if isinstance(block, Text):
                digest.update(_bytes(block.text))
            elif isinstance(block, Image):
                digest.update(_bytes(block.url + block.data + block.file_id))
        if turn.role is Role.USER:
            break
    return str(uuid.UUID(bytes=digest.digest()[:16]))


def short_user(user: str) -> str:
    """Name a user in at most 64 characters, which is what OpenAI takes."""
    if len(user) <= 64:
        return user
    return hashlib.sha256(_bytes(user)).hexdigest()


def _bytes(words: str) -> bytes:
    return words.encode("utf-8", "surrogatepass") + b"\0"
