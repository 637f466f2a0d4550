"""What tells a secret from the words, numbers and ids that look like one."""

import re

MASK = "***"

_MASKED = re.compile(rf"{re.escape(MASK)}(?:[0-9a-f]{{8}})?|\*{{8}}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_ID = re.compile(
    r"(?:req|msg|chatcmpl|cmpl|resp|call|toolu|fc|rs|gen|item|evt|org|user|proj|asst"
    r"|thread|run|file|batch|acct|trace|span)[-_]|(?:conv|ses)_"
)
_PART = re.compile(r"[A-Za-z0-9]+")
_CHANGE = re.compile(
    r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]",
)
_WORD = re.compile(r"[A-Z]?[a-z]+(?:[-_][a-z]+)*[.,:=]*")
STAND_IN = (
    r"\$(?:[({]|[A-Z_]{2})|<[^<>\s]{1,40}>|%[s(]|\{[A-Za-z_.]*[}!:]|\.{3}(?!\w)|…"
)
"""What texts have in the place of a secret: ``$TOKEN``, ``{token}``, ``<token>``."""
_NO_SECRET = re.compile(
    rf"{STAND_IN}|(?:[Nn]one|null|true|false|True|False|undefined)(?![\w=-])"
)
_NUMBERS = re.compile(r"[-0-9][0-9.eE+,\s-]*[}\]]*")
_RATE = re.compile(r"[0-9]{1,12}[kM]?/(?:second|minute|hour|day)")


def is_masked(text: str) -> bool:
    """Tell what has been masked already, also in the way settings are."""
    return _MASKED.fullmatch(text) is not None


def no_secret_at(text: str, here: int) -> bool:
    """Tell where something stands in for a secret, or says that there is none."""
    return _NO_SECRET.match(text, here) is not None


def is_word(text: str) -> bool:
    """Tell a word of a sentence: ``basic understanding`` is no login."""
    return _WORD.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Tell numbers, of which JSON may have several in a list."""
    return _NUMBERS.fullmatch(text) is not None


def is_rate(text: str) -> bool:
    """Tell so many tokens per unit of time, as limits have them: ``1M/day``."""
    return _RATE.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Tell a key from words, paths, names of models, and from ids that are no secret.

    In a key, small letters, capitals and digits change from one to the next all the
    time. UUIDs, hashes and vendors' ids of requests are random, too, and stay.
    """
    text = text[:256]
    if len(text) < 16 or text[0] in "/.~" or _ID.match(text):
        return False
    if _UUID.fullmatch(text) or _HASH.fullmatch(text):
        return False
    parts = _PART.findall(text)
    return (
        any(map(str.isdigit, text))
        and sum(map(len, parts)) >= 6 * len(parts)
        and len(_CHANGE.findall(text)) >= len(text) / 4
    )
