"""``ccproxy db``: the database's state, and its migrations."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def file(home: Path) -> Path:
    return home / "data" / "ccproxy" / "ccproxy.duckdb"


def test_a_new_database_is_behind_until_it_is_upgraded(
    ccproxy: Run, file: Path
) -> None:
    behind = ccproxy("db", "check")
    assert (behind.returncode, behind.stderr) == (10, "")
    assert behind.stdout == "core is behind: the database has none, the code 0010.\n"
    assert not file.exists()
    upgraded = ccproxy("db", "upgrade")
    assert upgraded.stdout == (
        "RUN   REVISION  TITLE\n"
        "core  0001      Account facts\n"
        "core  0002      Records of requests\n"
        "core  0003      What requests used\n"
        "core  0004      What requests cost\n"
        "core  0005      Where requests come from\n"
        "core  0006      Client keys\n"
        "core  0007      What requests ask for and wait for\n"
        "core  0008      What was said in requests\n"
        "core  0009      Limits and budgets of keys, and what is spent\n"
        "core  0010      Which model answered\n"
    )
    again = ccproxy("db", "upgrade")
    assert again.stdout == "Nothing to do: the database is as the code needs it.\n"
    checked = ccproxy("db", "check", "--json")
    assert json.loads(checked.stdout) == {"ok": True, "problems": []}
    assert checked.returncode == 0


def test_state_and_history_are_told_to_people_and_programs(ccproxy: Run) -> None:
    ccproxy("db", "upgrade")
    assert ccproxy("db", "current").stdout == (
        "RUN   CURRENT  HEAD  STATE\ncore  0010     0010  current\n"
    )
    assert ccproxy("db", "history").stdout == (
        "RUN   REVISION  STATE    TITLE\n"
        "core  0001      applied  Account facts\n"
        "core  0002      applied  Records of requests\n"
        "core  0003      applied  What requests used\n"
        "core  0004      applied  What requests cost\n"
        "core  0005      applied  Where requests come from\n"
        "core  0006      applied  Client keys\n"
        "core  0007      applied  What requests ask for and wait for\n"
        "core  0008      applied  What was said in requests\n"
        "core  0009      applied  Limits and budgets of keys, and what is spent\n"
        "core  0010      applied  Which model answered\n"
    )
    current = json.loads(ccproxy("db", "current", "--json").stdout)
    assert current == {
        "runs": [
            {"name": "core", "current": "0010", "head": "0010", "state": "current"}
        ]
    }


def test_a_database_newer_than_the_code_is_refused(ccproxy: Run, file: Path) -> None:
    ccproxy("db", "upgrade")
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = ccproxy("db", "upgrade")
    assert (refused.returncode, refused.stdout) == (10, "")
    assert refused.stderr.startswith("Error: A newer version of ccproxy has used")
    assert "Upgrade ccproxy" in refused.stderr
    assert ccproxy("db", "check").stdout.startswith("core is newer")


def test_a_table_that_is_not_as_the_code_needs_it_is_told(
    ccproxy: Run, file: Path
) -> None:
    ccproxy("db", "upgrade")
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP INDEX ix_profiles_email")
    checked = ccproxy("db", "check", "--json")
    assert (checked.returncode, checked.stderr) == (10, "")
    told = json.loads(checked.stdout)
    (problem,) = told["problems"]
    assert told["ok"] is False
    assert problem.startswith("A table is not as its model says")
    assert "ix_profiles_email" in problem
