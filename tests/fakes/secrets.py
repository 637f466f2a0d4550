"""Secrets of every shape, made up: nobody's keys, and none of them stands in a file."""

import base64
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

ALNUM = string.ascii_letters + string.digits
URL_SAFE = f"{ALNUM}-_"


@dataclass(frozen=True)
class Planted:
    """A secret as it stands in a text.

    Attributes:
        kind: What it is.
        text: The secret, with what tells that it is one.
        parts: What nobody may see, not even one of them.
    """

    kind: str
    text: str
    parts: tuple[str, ...]


def letters(random: Random, length: int, alphabet: str = ALNUM) -> str:
    """Random characters, of which the last is a digit and the first a capital."""
    middle = "".join(random.choices(alphabet, k=length - 2))
    return f"{random.choice(string.ascii_uppercase)}{middle}{random.choice('23456789')}"


def _token(*prefixes: str, length: int, alphabet: str = ALNUM) -> Callable[..., str]:
    return lambda random: random.choice(prefixes) + letters(random, length, alphabet)


def _jwt(random: Random) -> str:
    parts = [letters(random, length, URL_SAFE) for length in (30, 60, 43)]
    return f"eyJ{'.'.join(parts)}"


_TELLING: dict[str, Callable[[Random], str]] = {
    "OpenAI key": _token("sk-", "sk-proj-", length=40, alphabet=URL_SAFE),
    "Anthropic key": _token("sk-ant-api03-", length=60, alphabet=URL_SAFE),
    "Anthropic login": _token(
        "sk-ant-oat01-", "sk-ant-ort01-", length=60, alphabet=URL_SAFE
    ),
    "OpenAI session": _token("sess-", length=40),
    "OpenAI refresh token": _token("rt_", "rt-", "at-", length=60),
    "GitHub": _token("ghp_", "gho_", "ghu_", "ghs_", "ghr_", length=36),
    "GitHub, fine-grained": _token("github_pat_", length=60),
    "GitLab": _token("glpat-", length=20),
    "Slack": _token("xoxb-", "xoxp-", "xoxa-", "xapp-1-", length=40),
    "AWS id": _token(
        "AKIA", "ASIA", length=16, alphabet=string.ascii_uppercase + "234567"
    ),
    "Google key": _token("AIza", length=35, alphabet=URL_SAFE),
    "Google login": _token("ya29.", "GOCSPX-", "1//0", length=60, alphabet=URL_SAFE),
    "Hugging Face": _token("hf_", length=34),
    "other models": _token(
        "gsk_", "xai-", "pplx-", "nvapi-", "csk-", "tgp_v1_", "tvly-", length=60
    ),
    "other services": _token("hvs.", "dop_v1_", "ntn_", length=60),
    "Stripe": _token("sk_live_", "rk_test_", "whsec_", length=24),
    "npm": _token("npm_", length=36),
    "JWT": _jwt,
}


def _private_key(random: Random) -> Planted:
    kind = random.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
    lines = [letters(random, 64, f"{ALNUM}+/") for _ in range(3)]
    fence = f"-----{{}} {kind}PRIVATE KEY-----"
    body = [fence.format("BEGIN"), *lines, fence.format("END")]
    return Planted("private key", "\n".join(body), tuple(lines))


def _in_a_url(random: Random) -> Planted:
    password = letters(random, 14)
    return Planted(
        "login in a URL", f"postgresql://me:{password}@host:5432/db", (password,)
    )


def _header(random: Random) -> Planted:
    token = letters(random, 24)
    basic = base64.b64encode(f"me:{token}".encode()).decode().rstrip("=")
    scheme, value = random.choice([("Bearer", token), ("Basic", basic)])
    return Planted("authorization", f"{scheme} {value}", (value,))


def _named(random: Random) -> Planted:
    secret = letters(random, random.choice([6, 12, 40]))
    name = random.choice(
        ["password", "api_key", "client_secret", "refresh_token", "X-Api-Key", "Token"]
    )
    sign = random.choice(["=", ": ", '": "', "': '"])
    quote = sign[-1] if sign[-1] in "'\"" else ""
    start = quote and sign[0]
    return Planted("named", f"{start}{name}{sign}{secret}{quote}", (secret,))


def _aws_secret(random: Random) -> Planted:
    secret = letters(random, 40, f"{ALNUM}/+")
    return Planted("AWS secret", f"aws_secret_access_key = {secret}", (secret,))


def _address(random: Random) -> Planted:
    person = letters(random, 12, string.ascii_lowercase)
    return Planted("address", f"{person}@example.com", (person,))


KINDS: tuple[Callable[[Random], Planted], ...] = (
    *(
        lambda random, kind=kind, make=make: _telling(kind, make(random))
        for kind, make in _TELLING.items()
    ),
    _private_key,
    _in_a_url,
    _header,
    _named,
    _aws_secret,
    _address,
)


def _telling(kind: str, secret: str) -> Planted:
    return Planted(kind, secret, (secret,))


def a_hundred(seed: int) -> list[Planted]:
    """At least a hundred, some of each kind, the same ones for the same seed."""
    random = Random(seed)
    return [make(random) for _ in range(5) for make in KINDS]
