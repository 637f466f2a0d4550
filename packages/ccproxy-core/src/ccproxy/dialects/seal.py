"""How reasoning finds its way back to the provider that made it, through any client.

A provider signs its reasoning or encrypts it, and wants it back as it was. Clients keep
such a seal without reading it: as the ``signature`` of a thinking block, or as the
``encrypted_content`` of a reasoning item. Where reasoning crosses from one dialect to
another, the seal is put into an envelope, which is plain text in five fields::

    ccproxy1:<provider>:<id>:<hash of the words>:<the provider's own seal>

When it comes back, the envelope tells who made it. Another provider is not given it,
nor is the maker if the words were changed on the way: it would refuse the request.
"""

import hashlib

from ccproxy.dialects.conversation import Reasoning

MARK = "ccproxy1:"
_FIELDS = 4


def enclose(reasoning: Reasoning) -> str:
    """Put a seal into an envelope."""
    digest = "" if reasoning.hidden else _digest(reasoning.text)
    fields = (reasoning.maker, reasoning.id, digest, reasoning.seal)
    return MARK + ":".join(fields)


def disclose(seal: str, words: str) -> Reasoning:
    """Take a seal out of its envelope.

    Args:
        seal: As the client sent it; without an envelope its maker is unknown.
        words: What the client says was thought.
    """
    fields = seal.removeprefix(MARK).split(":", _FIELDS - 1)
    if not seal.startswith(MARK) or len(fields) < _FIELDS:
        return Reasoning(words, seal)
    maker, name, digest, own = fields
    if not digest:
        return Reasoning("", own, maker, name, hidden=True)
    if digest != _digest(words):
        return Reasoning(words)
    return Reasoning(words, own, maker, name)


def enclose_id(maker: str, name: str) -> str:
    """Put the id of something that is of use to its maker alone into an envelope."""
    return f"{MARK}{maker}:{name}"


def disclose_id(name: str) -> tuple[str, str]:
    """Take an id out of its envelope.

    Returns:
        Who made it, empty if nobody knows, and the id.
    """
    if not name.startswith(MARK):
        return "", name
    maker, _, own = name.removeprefix(MARK).partition(":")
    return maker, own


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
