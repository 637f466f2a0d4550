"""The shapes of secrets in a text: one table, a name per rule.

Each pattern takes time in proportion to the text, whatever the text: what repeats is
possessive or bounded, and what needs something behind it begins where a run begins.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ccproxy.security.names import is_secret_name, may_be_secret_name
from ccproxy.security.signs import (
    STAND_IN,
    is_masked,
    is_number,
    is_rate,
    is_word,
    looks_random,
    no_secret_at,
)

Match: TypeAlias = re.Match[str]
Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    Attributes:
        name: What it is called.
        hints: In lower case; a text with none of them holds no such secret.
        pattern: Finds it, or what stands before it.
        secret: Tells where in the text the secret is, or that it is none.
    """

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    secret: Callable[[Match], Span | None]

    def apply(self, text: str, mask: Callable[[str], str]) -> str:
        """Mask all secrets of this kind in a text, but for what is masked already."""
        pieces = []
        done = here = 0
        while found := self.pattern.search(text, here):
            here = found.end()
            start, end = self.secret(found) or (0, 0)
            if start < end and not is_masked(secret := text[start:end]):
                pieces += [text[done:start], mask(secret)]
                done = here = end
        return "".join([*pieces, text[done:]]) if pieces else text


def _all(match: Match) -> Span:
    return match.span()


def _if_random(match: Match) -> Span | None:
    return match.span() if looks_random(match[0]) else None


# -- tokens that tell by their first letters whose they are


def _starts(prefix: str) -> str:
    r"""Match a prefix that begins a word, also behind an escape such as ``\n``."""
    word = re.escape(prefix)
    return (
        rf"{word}(?:(?<![^\W_]{word})|(?<=\\[nrtbf]{word})|(?<=%[0-9A-Fa-f]{{2}}{word})"
        rf"|(?<=\\x[0-9a-f]{{2}}{word})|(?<=\\u[0-9a-f]{{4}}{word}))"
    )


def _prefixed(
    name: str,
    prefixes: str,
    rest: str,
    secret: Callable[[Match], Span | None] = _all,
) -> Rule:
    words = prefixes.split()
    pattern = re.compile(rf"(?:{'|'.join(map(_starts, words))}){rest}")
    return Rule(name, tuple(map(str.lower, words)), pattern, secret)


# -- secrets that are known by what stands before them

_QUOTE = r"(?:\\{0,15}+[\"'`]|%22)"
_SCHEME = r"(?:(?i:bearer|basic|token)\s{1,4}+)?+"
_END = r"[).,:\]}]{1,4}(?:[\s\"'`&;<>\\]|$)"
_VALUE = re.compile(
    rf"""
    (?: [bBrRuU]{{0,2}} (?P<quote>{_QUOTE}) {_SCHEME}
        (?P<quoted>(?:(?!(?P=quote))(?:\\++[^\r\n]?|[^\\\r\n]))*+)
      | (?:\[|\{{(?=\s{{0,4}}[\\\"'*])) (?P<list>[^\[\]{{}}\r\n]*+)
      | {_SCHEME} (?!{STAND_IN})
        (?P<bare>(?:(?!{_END})(?:[^\s\"'`&;<>\\]|\\(?![nrt\"'\\])))++)
    )
    """,
    re.VERBOSE,
)
"""In quotes, in brackets, or up to the next space; with a scheme before it or not."""
_WAYS = ("quoted", "list", "bare")
_CODE = re.compile(rf"[bru]?(?:{_QUOTE})?+([\w+/~.%#-]{{16,256}}+={{0,2}})")
_LINE = re.compile(r"[^\r\n\"]++")
_LINE_WITH_QUOTES = re.compile(r"[^\r\n]++")


def _named(match: Match) -> Span | None:
    """Find the value behind a name, unless it is a number of JSON, or a rate."""
    name, text, here = match["name"], match.string, match.end()
    if not is_secret_name(name):
        code = _CODE.match(text, here) if may_be_secret_name(name) else None
        return code.span(1) if code and looks_random(code[1]) else None
    value = None if no_secret_at(text, here) else _VALUE.match(text, here)
    if value is None:
        return None
    kind = next(kind for kind in _WAYS if value[kind] is not None)
    is_count = kind != "quoted" and match["ends"] and is_number(value[kind])
    return None if is_count or is_rate(value[kind]) else value.span(kind)


def _behind(value: re.Pattern[str]) -> Callable[[Match], Span | None]:
    """Find the secret right behind what the rule's pattern matches."""

    def secret(match: Match) -> Span | None:
        found = value.match(match.string, match.end())
        return found and found.span()

    return secret


def _no_word(match: Match) -> Span | None:
    """Tell ``Bearer x7Gk…`` from "basic understanding", and a user from its number."""
    secret = match["secret"]
    return None if is_word(secret) or is_number(secret) else match.span("secret")


def _login(match: Match) -> Span | None:
    """Tell a login within a URL from a user's name alone."""
    has_password = match["user"] is not None or looks_random(match["secret"])
    return match.span("secret") if has_password else None


_REACH = 40
"""Characters before a random string in which a credential word counts, up to a mask:
what is masked becomes shorter, and would bring more within reach the next time."""
_CREDENTIAL = re.compile(
    r"(?<![A-Za-z])(?:token|secret|password|passwd|key|credential|cookie|bearer"
    r"|authorization)s?(?![A-Za-z])[^\"'{}*\r\n]*$",
    re.IGNORECASE,
)


def _after_a_word(match: Match) -> Span | None:
    start = match.start()
    before = match.string[max(0, start - _REACH) : start]
    return _if_random(match) if _CREDENTIAL.search(before) else None


def _address(match: Match) -> Span | None:
    """Find the local part; ``git@github.com:owner/name`` is nobody's address."""
    return None if match["local"] == "git" else match.span("local")


_SPACE = r"(?:[ +]|%20)"
_SEPARATOR = r"\s{0,4}+(?:=>|:=|[:=]{1,2}|%3[ADad])\s{0,4}+"
_FIRST = r"(?:(?i:api|access|secret|private|client|refresh|session|auth)[ ])?+"

RULES: tuple[Rule, ...] = (
    Rule(
        "private key",
        ("private",),
        re.compile(
            rf"-----BEGIN{_SPACE}(?:[A-Z0-9]{{1,20}}{_SPACE}){{0,4}}PRIVATE{_SPACE}KEY"
            rf"(?:{_SPACE}BLOCK)?-----(?:[^-]|-(?!----))*+"
            r"(?:-----END[A-Z0-9 +%]{1,60}-----)?"
        ),
        _all,
    ),
    Rule(
        "cookie header",
        ("cookie",),
        re.compile(r"(?i)cookie2?:\s{0,4}+(?=[^\s\"'\\]|\\[^\"'\\])"),
        _behind(_LINE),
    ),
    Rule(
        "authorization header",
        ("authorization",),
        re.compile(
            r"(?i)authorization[:=]\s{0,4}+(?:digest|negotiate|ntlm|oauth|hawk|signature"
            r"|aws4-hmac-sha256)\s{1,4}+"
        ),
        _behind(_LINE_WITH_QUOTES),
    ),
    Rule(
        "login in a URL",
        ("://",),
        re.compile(
            r"://(?:(?P<user>[^\s/@:\"'<>\\]{0,200}+):)?+"
            r"(?P<secret>[^\s/\"'<>\\]{1,300})@"
        ),
        _login,
    ),
    Rule(
        "JSON web token",
        ("eyj",),
        re.compile(
            r"eyJ(?:(?<![\w-]eyJ)|(?<=\\[nrtbf]eyJ)|(?<=%[0-9A-Fa-f]{2}eyJ)"
            r"|(?<=\\x[0-9a-f]{2}eyJ)|(?<=\\u[0-9a-f]{4}eyJ))"
            r"[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+){0,3}=*+"
        ),
        _all,
    ),
    _prefixed("OpenAI, Anthropic", "sk- sess-", r"[\w-]{16,}+"),
    _prefixed("login of OpenAI", "rt- at- rt_ ac_", r"[\w.-]{20,}+", _if_random),
    _prefixed("GitHub", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\w{20,}+"),
    _prefixed("GitLab", "glpat- glrt- gldt-", r"[\w-]{20,}+"),
    _prefixed(
        "Slack",
        "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp-",
        r"[\w.%-]{10,}+",
    ),
    _prefixed(
        "webhook",
        "hooks.slack.com/services/ discord.com/api/webhooks/",
        r"[\w/-]{20,}+",
    ),
    Rule(
        "Telegram",
        (":aa",),
        re.compile(r"(?<![^\W_])(?:bot)?\d{8,10}+:AA[\w-]{30,40}+"),
        _all,
    ),
    _prefixed("AWS", "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _prefixed("Google", "AIza ya29. GOCSPX- 1//0", r"[\w-]{20,}+"),
    _prefixed("Hugging Face", "hf_", r"[A-Za-z0-9]{30,}+"),
    _prefixed(
        "Groq, xAI and others",
        "gsk_ xai- pplx- nvapi- r8_ csk- tgp_v1_ tvly- jina_",
        r"[\w-]{30,}+",
    ),
    _prefixed("Fireworks", "fw_", r"[A-Za-z0-9]{20,}+"),
    _prefixed(
        "Vault, DigitalOcean and others",
        "hvs. hvb. dop_v1_ doo_v1_ lin_api_ ntn_ shpat_ glsa_ SG. dp.pt. dp.st.",
        r"[\w.-]{30,}+",
    ),
    _prefixed(
        "Supabase, LangSmith, Figma and others",
        "sbp_ lsv2_pt_ lsv2_sk_ figd_ NRAK- PMAK- sntrys_ AGE-SECRET-KEY-1",
        r"[\w-]{24,}+",
    ),
    _prefixed("Databricks", "dapi", r"[0-9a-f]{32}(?![A-Za-z0-9])"),
    _prefixed(
        "Stripe", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_", r"[A-Za-z0-9]{16,}+"
    ),
    _prefixed("npm, PyPI, Docker", "npm_ pypi- dckr_pat_", r"[\w-]{27,}+"),
    Rule(
        "authorization scheme",
        ("bearer", "basic"),
        re.compile(
            rf"(?i)(?:{_starts('bearer')}|{_starts('basic')})(?:\s{{1,4}}+|%20|\+)"
            r"(?P<secret>[\w.~+/=-]{8,}+)"
        ),
        _no_word,
    ),
    Rule(
        "named",
        (
            *("key", "secret", "passw", "passphrase", "passcode", "pwd", "auth", "otp"),
            "_pass",
            *("cookie", "token", "credential", "verifier", "assertion", "input_value"),
            *("code", "state", "sig", "session", "sid", "nonce", "ticket", "jwt"),
        ),
        re.compile(
            rf"(?<![\w.-])(?P<name>{_FIRST}[\w.-]{{1,64}}+)(?P<ends>{_QUOTE})?+"
            + _SEPARATOR
        ),
        _named,
    ),
    Rule(
        "pair",
        ("key", "secret", "passw", "auth", "cookie", "token", "credential"),
        re.compile(
            rf"(?<=[(\[])[bru]?{_QUOTE}(?P<name>[\w.-]{{1,64}}+)(?P<ends>{_QUOTE})"
            rf"\s{{0,4}}+,\s{{0,4}}+(?=[bru]?{_QUOTE})"
        ),
        _named,
    ),
    Rule(
        "option",
        ("key", "secret", "passw", "token"),
        re.compile(r"(?<![\w-])--(?P<name>[\w-]{2,64}+)(?P<ends>)\s{1,4}+(?=[^\s-])"),
        _named,
    ),
    Rule(
        "login of curl",
        ("-u", "--user"),
        re.compile(
            r"(?<![\w-])-(?:u|-user)[ =]{1,4}+[\"']?+[^\s:\"'/]{1,100}+:"
            r"(?P<secret>[^\s\"'\\]++)"
        ),
        _no_word,
    ),
    Rule(
        "login of netrc",
        ("login",),
        re.compile(
            r"(?<!\w)login\s{1,8}+\S{1,100}+\s{1,8}+password\s{1,8}+(?P<secret>\S++)"
        ),
        _no_word,
    ),
    Rule(
        "random, after a credential word",
        ("token", "secret", "passw", "key", "credential", "cookie", "bearer", "auth"),
        re.compile(r"(?<![\w+/=~.-])[\w+/=~.-]{20,}+"),
        _after_a_word,
    ),
)
"""All that is masked everywhere, in the order in which it is looked for."""

ADDRESS = Rule(
    "e-mail address",
    ("@",),
    re.compile(
        r"(?<![\w.+%*-])(?P<local>[\w.+%-]{1,64}+)@(?:[\w-]{1,63}+\.){1,8}"
        r"[A-Za-z]{2,24}"
    ),
    _address,
)
"""Masked as well, but in answers to the person whose address it is."""
