"""``ccproxy keys``: made, shown once, listed, taken back."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import httpx
import pytest
import typer

from ccproxy.cli.key_rows import as_object, as_row, by_window
from ccproxy.cli.moments import coming
from ccproxy.models.client_key import ClientKey
from ccproxy.models.spending import Spent, SpentOn

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.e2e
def test_a_key_is_shown_once_and_only_its_hash_is_kept(
    ccproxy: Run, home: Path
) -> None:
    made = ccproxy("keys", "create", "laptop")
    assert made.returncode == 0
    token = made.stdout.strip()
    assert re.fullmatch(r"sk-ccproxy-[\w-]{43}", token)
    assert made.stderr == (
        "This is the only time the key is shown.\n"
        "The gateway takes keys only if security.keys is true.\n"
    )
    file = home / "data" / "ccproxy" / "ccproxy.duckdb"
    assert token.encode() not in file.read_bytes()
    with duckdb.connect(str(file), read_only=True) as opened:
        kept = opened.sql("SELECT name, digest FROM client_keys").fetchall()
    assert kept == [("laptop", sha256(token.encode()).hexdigest())]
    assert token not in ccproxy("keys", "list", "--json").stdout


@pytest.mark.e2e
def test_keys_are_listed_with_what_they_are_for(ccproxy: Run) -> None:
    assert ccproxy("keys", "list").stdout == (
        "There are no keys. 'ccproxy keys create NAME' makes one.\n"
    )
    made = ccproxy(
        *("keys", "create", "ci", "--expires", "2099-01-02T03:04"),
        *("--model", "gpt-*", "--model", "o3", "--provider", "codex"),
        *("--requests", "60/minute", "--concurrent", "4", "--tokens", "1M/day"),
        *("--cost", "2.50/hour", "--budget", "5/day", "--budget", "100/month"),
        *("--set", "security.keys=true", "--json"),
        env={"TZ": "UTC"},
    )
    assert "security.keys" not in made.stderr
    told = json.loads(made.stdout)
    assert told.pop("key").startswith("sk-ccproxy-")
    ccproxy("keys", "create", "me")
    header, ci, me = ccproxy("keys", "list", env={"TZ": "UTC"}).stdout.splitlines()
    assert re.split(r"  +", header) == [
        *("NAME", "STATE", "GOOD UNTIL", "MODELS", "PROVIDERS", "LIMITS"),
        *("USD TODAY", "THIS MONTH", "IN TOTAL"),
    ]
    assert re.split(r"  +", ci) == [
        *("ci", "good", "2099-01-02 03:04:00", "gpt-* o3", "codex"),
        "60/minute, 1M/day tokens, $2.50/hour, $5/day, $100/month, 4 at once",
        *["0.0000"] * 3,
    ]
    assert re.split(r"  +", me) == ["me", "good", "all", "all", *["0.0000"] * 3]
    listed = json.loads(ccproxy("keys", "list", "--json").stdout)["keys"]
    assert listed[0] == told
    assert (told["expires_at"], told["models"]) == (
        "2099-01-02T03:04:00+00:00",
        ["gpt-*", "o3"],
    )


@pytest.mark.e2e
def test_a_pattern_that_fits_no_provider_is_told(ccproxy: Run) -> None:
    told = ccproxy("keys", "create", "me", "--provider", "nope", "--provider", "co*")
    assert told.stderr.splitlines()[2:] == [
        "By the settings no provider is named like 'nope'."
    ]


@pytest.mark.e2e
def test_a_revoked_key_is_gone(ccproxy: Run) -> None:
    ccproxy("keys", "create", "me")
    again = ccproxy("keys", "create", "me")
    assert (again.returncode, again.stdout) == (2, "")
    assert "There is a key 'me' already." in again.stderr
    assert ccproxy("keys", "revoke", "me").stdout == (
        "The key 'me' is revoked: a running gateway refuses it within ten seconds.\n"
    )
    gone = ccproxy("keys", "revoke", "me")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "There is no key 'me';" in gone.stderr
    ccproxy("keys", "create", "me")
    revoked = ccproxy("keys", "revoke", "me", "--json")
    assert json.loads(revoked.stdout) == {"revoked": "me"}


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no name"], "for NAME: The name may have letters, digits"),
        (["me", "--expires", "2020-01-01"], "for --expires: '2020-01-01' is past"),
        (["me", "--expires", "soon"], "for --expires: 'soon' is neither a time"),
        (["me", "--requests", "60"], "for --requests: '60' is no rate"),
        (
            ["me", "--tokens", "lots"],
            "for --tokens: 'lots' should read like 100000/hour",
        ),
        (
            ["me", "--cost", "5/month"],
            "for --cost: '5/month' should read like 2.50/hour",
        ),
        (["me", "--budget", "$5"], "for --budget: '$5' should read like 5/day"),
        (["me", "--concurrent", "-1"], "greater than or equal to 0"),
    ],
)
def test_what_is_typed_wrong_makes_no_key(
    ccproxy: Run, arguments: list[str], told: str
) -> None:
    wrong = ccproxy("keys", "create", *arguments)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert told in wrong.stderr


@pytest.mark.e2e
def test_a_running_gateway_takes_keys(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_SECURITY__KEYS"] = "true"
    token = ccproxy("keys", "create", "me").stdout.strip()
    url = request.getfixturevalue("gateway")
    models = [
        httpx.get(f"{url}/v1/models", headers={"x-api-key": each})
        for each in (token, token[:-1])
    ]
    assert [each.status_code for each in models] == [200, 401]


@pytest.mark.unit
def test_what_a_key_has_spent_is_told_by_day_month_and_in_total() -> None:
    key = ClientKey(name="ci", digest="ab" * 32, created_at=NOW)
    rows = [
        SpentOn(key.owner, day, Spent(1, 10, 1_500_000, unpriced))
        for unpriced, day in enumerate(("2026-11-25", "2026-11-01", ""))
    ]
    spent = by_window(rows, NOW.date())[key.owner]
    assert as_row(key, NOW, spent)[-3:] == ("1.5000", "3.0000", "4.5000")
    told = as_object(key, NOW, spent)["spent"]
    assert isinstance(told, dict)
    assert told["total"] == {"requests": 3, "tokens": 30, "usd": 4.5, "unpriced": 3}
    assert told["day"] == {"requests": 1, "tokens": 10, "usd": 1.5, "unpriced": 0}


@pytest.mark.unit
def test_a_time_to_come_is_a_length_or_a_date() -> None:
    assert coming("30d", "--expires", NOW) == NOW + timedelta(days=30)
    assert coming("2026-11-26T00:00+00:00", "--expires", NOW) == NOW + timedelta(
        hours=12
    )


@pytest.mark.unit
@pytest.mark.parametrize("text", ["", "soon", "0d", "2026-11-25", "999999w", "7"])
def test_anything_else_is_no_time_to_come(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        coming(text, "--expires", NOW)
