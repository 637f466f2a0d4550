"""Tells by a name alone whether what goes under it is a secret."""

import re
from functools import lru_cache

_SECRET = re.compile(
    r"""
      authorization | passw(?:or)?d | passphrase | passcode | secret | credential
    | cookie | code[-_. ]?verifier | client[-_. ]?assertion | input_value
    | (?:api|access|private|signing|encryption|account|master|service|subscription)
      [-_. ]?key
    | (?:^|[-_. ])(?:token|pwd)$ | (?-i:[a-z]Token)$ | (?-i:[A-Z]_PASS)$
    | x-(?:amz|goog)-signature
    | (?:^|[-_. ])(?:client|access|refresh|auth|api|bearer|session)[-_. ]?tokens?$
    | ^tokens$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""``input_value`` is how pydantic quotes whatever it did not like."""

_ABOUT = re.compile(
    r"""
      (?:[-_. ]|(?-i:(?<=[a-z])(?=[A-Z])))
      (?: file | path | dir | folder | type | name | names | url | uri | endpoint | env
        | variable | source | store | count | limit | status | expiry
        | error | exception | warning
        | expires(?:[-_]?(?:at|in))? )$
    | (?:first|last|next|per|max|min|input|output|prompt|completion|cached?|eos|bos
        |stop) [-_. ]?tokens?$
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What tells something about a secret, or counts tokens of a text."""

_AMBIGUOUS = re.compile(
    r"(?:^|[-_. ])(?:key|code|state|sig|signature|session|sid|nonce|auth|ticket"
    r"|assertion|jwt|otp)$",
    re.IGNORECASE,
)


LONGEST = 128
"""Characters; what is longer is a text, and no name."""


def is_secret_name(name: str) -> bool:
    """Whether a value under this name is to be masked whatever it looks like."""
    return len(name) <= LONGEST and _is_secret(name)


def may_be_secret_name(name: str) -> bool:
    """Whether a value under this name is to be masked if it looks random.

    An OAuth ``code`` is a secret, the ``code`` of an error is not.
    """
    return len(name) <= LONGEST and _is_ambiguous(name)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None and _ABOUT.search(name) is None


@lru_cache(maxsize=1024)
def _is_ambiguous(name: str) -> bool:
    return _AMBIGUOUS.search(name) is not None
