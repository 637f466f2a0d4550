"""Masks secrets by the name they go under and by their shape; pure functions.

One table holds the shapes. A masked secret keeps a short fingerprint, so that two of
them can be told apart and neither can be guessed from it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

MASK = "***"

_NAME = re.compile(
    r"authorization|api[-_]?key|secret|passw(?:or)?d|credential|cookie|private[-_]?key"
    r"|(?:^|[-_.])token$|^(?:(?:client|access|refresh|auth|api)[-_])?tokens$"
    r"|code[-_]?verifier|^(?:code|state)$",
    re.IGNORECASE,
)
"""Names whose values are secrets; counts such as ``input_tokens`` are not."""

_SHAPES = re.compile(
    r"""
      (?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?              # JWT
    | \b(?:sk|pk|rk|sess|rt|at)-[\w-]{16,}              # OpenAI, Anthropic, sessions
    | \bgh[opsur]_\w{20,} | \bgithub_pat_\w{20,}       # GitHub
    | \bxox[abeoprs]-[\w-]{10,}                         # Slack
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                     # AWS
    | \bAIza[\w-]{30,} | \bya29\.[\w-]{20,}            # Google
    | -----BEGIN\ [A-Z\ ]{0,30}PRIVATE\ KEY-----[^-]{0,20000}
      (?:-----END\ [A-Z\ ]{0,30}PRIVATE\ KEY-----)?
    """,
    re.VERBOSE,
)
_AFTER_A_WORD = re.compile(
    r"(?i)\b(bearer|basic)(\s+)([\w.~+/=-]{8,})",
)
_NAMED_IN_TEXT = re.compile(
    r"(?i)((?:api[-_]?key|secret|password|passwd|authorization|cookie"
    r"|(?:access|refresh|id|auth|client|session)[-_]?token)[\"']?\s{0,4}[:=]\s{0,4}"
    r"[\"']?)(?!bearer\b|basic\b)([^\s\"'&,;}]{4,})"
)
_IN_A_URL = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,20}://)([^\s/@:]{0,200}):([^\s/@]{1,200})@"
)
_HINTS = (
    *("eyj", "sk-", "pk-", "rk-", "sess-", "rt-", "at-", "ghp_", "gho_", "ghs_"),
    *("ghr_", "ghu_", "github_pat", "xox", "akia", "asia", "aiza", "ya29", "://"),
    *("private key", "bearer", "basic", "key", "secret", "passw", "auth", "cookie"),
    *("token",),
)
"""Lower-case; a text without any of them matches none of the patterns above. Looking
for them costs a tenth of the patterns, and most texts in a log are short and plain."""


def mask_token(secret: str) -> str:
    """Replace a secret by a mask and a fingerprint of eight hex digits."""
    digest = blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4)
    return f"{MASK}{digest.hexdigest()}"


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a value under this name is to be masked whatever it looks like."""
    return _NAME.search(name) is not None


def mask_text(text: str) -> str:
    """Mask what looks like a secret within a text."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    text = _IN_A_URL.sub(lambda m: f"{m[1]}{m[2]}:{mask_token(m[3])}@", text)
    text = _SHAPES.sub(lambda m: mask_token(m[0]), text)
    text = _AFTER_A_WORD.sub(lambda m: f"{m[1]}{m[2]}{_once(m[3])}", text)
    return _NAMED_IN_TEXT.sub(lambda m: f"{m[1]}{_once(m[2])}", text)


def mask_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Mask the values of headers, by name and by shape."""
    return [
        (name, mask_token(value) if is_secret_name(name) else mask_text(value))
        for name, value in headers
    ]


def mask(value: object, name: str = "") -> object:
    """Mask within any nesting of mappings and sequences, keeping their structure.

    Args:
        value: What is about to be shown.
        name: The name it goes under, if it has one.
    """
    if isinstance(value, str):
        return _once(value) if name and is_secret_name(name) else mask_text(value)
    if isinstance(value, bytes):
        return mask(value.decode("utf-8", "backslashreplace"), name)
    if isinstance(value, Mapping):
        return {mask(key): mask(item, str(key)) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [mask(item, name) for item in value]
    return value


def _once(secret: str) -> str:
    """Mask, but leave what is masked already."""
    return secret if not secret or secret.startswith(MASK) else mask_token(secret)
