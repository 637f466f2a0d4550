"""Each rule of the table: what it masks, and what only looks like it."""

import pytest

from ccproxy.security.rules import ADDRESS, RULES
from ccproxy.security.sanitizer import mask_text, mask_token

pytestmark = pytest.mark.unit

# Put together at run time, so that no scanner takes this file for a leak.
RANDOM = "aB3dE5fG7hJ9kL2mN4pQ6rS8"
LONG = RANDOM + RANDOM
KEY = "-----BEGIN {0}PRIVATE KEY-----{1}MIIEow{1}-----END {0}PRIVATE KEY-----"
PROTECTED = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n"

MASKED: dict[str, list[tuple[str, str]]] = {
    "private key": [
        ("a " + KEY.format("RSA ", "\n") + " b", "MIIEow"),
        (KEY.format("", "\\n"), "MIIEow"),
        ("-----BEGIN " + f"RSA PRIVATE KEY-----\n{PROTECTED}MIIEow\n", "MIIEow"),
        (KEY.format("OPENSSH ", "\n").replace(" ", "%20"), "MIIEow"),
        ("-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\nMIIEow", "MIIEow"),
    ],
    "cookie header": [
        ("Cookie: a=one; session=two", "two"),
        ("set-cookie: session=two; Path=/\nnext", "two"),
        ('"text\\nCookie: a=one; session=two"', "two"),
    ],
    "authorization header": [
        ('Authorization: Digest username="me", response="abcd"', "abcd"),
        ("authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=abcd", "abcd"),
    ],
    "login in a URL": [
        ("postgresql://me:hunter2@host/db", "hunter2"),
        ("redis://:hunter2@host", "hunter2"),
        ("http://me:p@ss:hunter2@host", "ss:hunter2"),
        (f"https://{RANDOM}@github.com/a/b", RANDOM),
    ],
    "JSON web token": [
        ("eyJ" + "hbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "c2lnbm"),
        ("x\\neyJ" + "hbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "eyJz"),
        ("?t=%22eyJ" + "hbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NSJ9.", "eyJz"),
    ],
    "OpenAI, Anthropic": [
        ("with sk-" + "proj-abcdefghijklmnopqrstuvwx.", "abcdefgh"),
        ("sk-" + "ant-oat01-abcdefghijklmnop_qrs-tuv", "abcdefgh"),
        ("sess-" + "abcdefghijklmnopqrstuvwx", "abcdefgh"),
        ("'line\\nsk-" + "ant-api03-abcdefghijklmnop'", "abcdefgh"),
        ("?k%3Dsk-" + "or-v1-abcdefghijklmnop", "abcdefgh"),
    ],
    "login of OpenAI": [(f"rt_{RANDOM}", RANDOM), (f"got ac_{RANDOM}.", RANDOM)],
    "GitHub": [
        *((f"gh{kind}_{RANDOM}", RANDOM) for kind in "pousr"),
        ("github" + "_pat_11ABCDEFG0abcdefghijkl", "11ABC"),
    ],
    "GitLab": [("glpat-" + RANDOM, RANDOM)],
    "Slack": [("xoxb-" + "1234567890-abcdefghij", "abcdefghij")],
    "webhook": [
        ("https://hooks.slack.com/services/" + f"T0/B0/{RANDOM}", "T0/"),
        ("https://discord.com/api/webhooks/" + f"1234567890/{RANDOM}", RANDOM),
    ],
    "Telegram": [
        (f"123456789:AA{RANDOM}{RANDOM[:9]}", RANDOM),
        (f"https://host/bot123456789:AA{RANDOM}{RANDOM[:9]}/getMe", RANDOM),
    ],
    "AWS": [
        ("AKIA" + "IOSFODNN7EXAMPLE", "IOSFO"),
        ("ASIA" + "IOSFODNN7EXAMPLE", "IO"),
    ],
    "Google": [
        ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA1"),
        (f"ya29.{RANDOM}", RANDOM),
        (f"1//0{RANDOM}", RANDOM),
    ],
    "Hugging Face": [(f"hf_{LONG}", LONG)],
    "Groq, xAI and others": [
        *((f"{p}{LONG}", LONG) for p in ("gsk_", "xai-", "pplx-", "nvapi-", "r8_")),
        *((f"{p}{LONG}", LONG) for p in ("csk-", "tgp_v1_", "tvly-dev-", "jina_")),
    ],
    "Fireworks": [(f"fw_{RANDOM}", RANDOM)],
    "Vault, DigitalOcean and others": [
        *((f"{p}{LONG}", LONG) for p in ("hvs.", "hvb.", "dop_v1_", "doo_v1_")),
        *((f"{p}{LONG}", LONG) for p in ("lin_api_", "ntn_", "shpat_", "glsa_")),
        ("SG." + f"{RANDOM}.{LONG}", LONG),
        *((f"dp.{kind}.{LONG}", LONG) for kind in ("pt", "st")),
    ],
    "Supabase, LangSmith, Figma and others": [
        *((f"{p}{LONG}", LONG) for p in ("sbp_", "lsv2_pt_", "lsv2_sk_", "figd_")),
        *((f"{p}{LONG}", LONG) for p in ("NRAK-", "PMAK-", "sntrys_")),
        ("AGE-SECRET-KEY-" + f"1{LONG.upper()}", LONG.upper()),
    ],
    "Databricks": [("dapi" + "0af9" * 8, "0af9")],
    "Stripe": [("sk_live_" + RANDOM, RANDOM), ("whsec_" + RANDOM, RANDOM)],
    "npm, PyPI, Docker": [("npm_" + LONG, LONG), ("pypi-" + LONG, LONG)],
    "authorization scheme": [
        ("it sent Bearer abcdefgh1234", "abcdefgh1234"),
        ("Basic dXNlcjpwYXNz was refused", "dXNlcjpwYXNz"),
        ("bearer%20abcdefgh1234", "abcdefgh1234"),
    ],
    "named": [
        ("password=hunter2", "hunter2"),
        ("url=http://host/?api_key=hunter2&x=1", "hunter2"),
        ("#access_token=hunter2&x=1", "hunter2"),
        ("OPENAI_API_KEY=hunter2 codex", "hunter2"),
        ("DB_PASS=hunter2", "hunter2"),
        (f"?X-Amz-Signature={'0af9' * 16}&x=1", "0af9"),
        ("refresh_token: hunter2", "hunter2"),
        ("password=(hunter2)", "hunter2"),
        ("password=$hunter2", "hunter2"),
        ("password={hunter2}", "hunter2"),
        ("password=...hunter2", "hunter2"),
        ("password=none-of-yours", "yours"),
        ("API key: hunter2", "hunter2"),
        ("Authorization: Token hunter2", "hunter2"),
        ("Login(access_token='hunter2', account='a')", "hunter2"),
        ("error: {'password': \"hunter's 2\", 'x': 1}", "'s 2"),
        ('error: {"password": "hunt\\"er 2", "x": 1}', "er 2"),
        ('{\\"api_key\\": \\"hunter 2\\", \\"x\\": 1} and', "2"),
        ('x {\\\\\\"api_key\\\\\\": \\\\\\"hunter 2\\\\\\"}', "2"),
        ('b\'{"clientSecret":"hunter2"}\'', "hunter2"),
        ("tokens = ['hunter2', 'hunter3']", "hunter3"),
        ("'credentials': {'user': 'me', 'pin': 'hunter2'}", "hunter2"),
        ("%22api_key%22%3A%22hunter2%22", "hunter2"),
        (f"?code={RANDOM}&x=1", RANDOM),
        (f"state={RANDOM}", RANDOM),
        (f"aws_secret_access_key = {RANDOM}", RANDOM),
        ("[type=string_type, input_value='hunter2', input_type=str]", "hunter2"),
    ],
    "pair": [
        ("[(b'x-api-key', b'hunter2'), (b'accept', b'*/*')]", "hunter2"),
        ('[["authorization", "Bearer hunter2"], ["a", "b"]] was sent', "hunter2"),
    ],
    "option": [("codex --api-key hunter2 exec", "hunter2")],
    "login of curl": [
        ("curl -u me:hunter2 https://host", "hunter2"),
        ("curl --user='me:hunter2' https://host", "hunter2"),
    ],
    "login of netrc": [
        ("machine host login me password hunter2", "hunter2"),
        ("machine host\n  login me\n  password hunter2\n", "hunter2"),
    ],
    "random, after a credential word": [
        ("the token aB3dE5fG7hJ9kL2mN4pQ6rS8 was refused", RANDOM),
        ("AWS secret key wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ],
    "e-mail address": [("of ann.b+c@mail.example.com.", "ann.b")],
}
EXAMPLES = [
    pytest.param(rule, text, secret, id=f"{rule} {number}")
    for rule, examples in MASKED.items()
    for number, (text, secret) in enumerate(examples)
]


def test_every_rule_has_examples() -> None:
    assert [*MASKED] == [rule.name for rule in (*RULES, ADDRESS)]


@pytest.mark.parametrize(("name", "text", "secret"), EXAMPLES)
def test_a_rule_masks_what_it_is_for(name: str, text: str, secret: str) -> None:
    rule = next(rule for rule in (*RULES, ADDRESS) if rule.name == name)
    assert any(hint in text.lower() for hint in rule.hints)
    masked = rule.apply(text, mask_token)
    assert secret not in masked
    assert rule.apply(masked, mask_token) == masked
    assert secret not in mask_text(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://me:hunter2@host/db", "postgresql://me:***@host/db"),
        ("Authorization: Bearer hunter2, x", "Authorization: Bearer ***, x"),
        ("f(api_key='hunter2', n=1)", "f(api_key='***', n=1)"),
        ("(password=hunter2), then", "(password=***), then"),
        ('{"a": 1, "password": "hunter2"', '{"a": 1, "password": "***"'),
        ("x&api_key=hunter2&y=1", "x&api_key=***&y=1"),
        ("ann@example.com", "***@example.com"),
        ("codex --api-key hunter2 exec", "codex --api-key *** exec"),
        ("Cookie: a=b; c=d\nHost: h", "Cookie: ***\nHost: h"),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "docker run -u 1000:1000 image",
        "git push -u origin main:main",
        "chown --user root:wheel",
        "the login or password is wrong",
        "/v1/chat/completions",
        "The model answered 17 tokens in 0.3 s.",
        "2026-11-23T21:53:06.834515Z",
        "request 123e4567-e89b-12d3-a456-426614174000",
        "session 123e4567-e89b-12d3-a456-426614174000",
        "commit 95319cab4a0c3f7d1e2b5a6978c0d1e2f3a4b5c6",
        "cache key 81ee9faebc9245ecab6ed24ace2d4b2f",
        "invalid x-api-key (request id: req_011CSHoEeqs5C35K2UUqR7Fy)",
        "token limit of Qwen2.5-Coder-32B-Instruct",
        "token limit of DeepSeek-R1-0528-Qwen3-8B",
        "claude-sonnet-4-5-20250929, gpt-5.5, o3-2025-04-16, text-embedding-3-small",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
        "input_tokens=12, max_tokens: 4096, time_to_first_token=0.31",
        '{"input_tokens": 12, "token": 12, "password": null}',
        "limits.tokens=1M/day, tokens = '50k/minute', --tokens 100000/hour",
        "http://127.0.0.1:8000/v1",
        "ssh://git@github.com/owner/name and git@github.com:owner/name",
        "postgresql://ccproxy@host/db",
        "basic understanding, bearer authentication",
        'WWW-Authenticate: Basic realm="ccproxy", Bearer',
        'curl -H "Authorization: Bearer $CCPROXY_TOKEN"',
        "token=None, password: null, secret=...",
        "api_key=${KEY} token={token} password=<your-password> secret=%s",
        "risk-free, task-oriented, at-least-one-more-time-please",
        "code=invalid_api_key state=running key=value",
        "api_key_file: /home/me/.config/ccproxy/key",
        "token_type=bearer credentials_store = file",
        "first_pass: ok, by-pass=on, 12345678:AA, aa:aa:aa:aa",
        "CredentialError: There is no API key.",
        "Set OPENAI_API_KEY, or api_key_file in [plugins.openai].",
        "Set security.client_tokens (a long random word), or security.keys.",
        "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIEow\n-----END PUBLIC KEY-----",
        "fw_version_of_the_device_driver, fw_3, ntn_, SG.x, msg.of_the_day, csk-1",
        "Asia/Tokyo, AKIA, sk-SK, eyJ, hf_hub",
        "npm install @scope/name@1.2.3",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert mask_text(text) == text
