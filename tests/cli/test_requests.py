"""``ccproxy requests`` and ``ccproxy sql``: what was asked of models."""

import asyncio
import csv
import json
import os
import select
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ccproxy.models.request_record import COLUMNS, RequestRecord
from fakes.forked import started_program
from fakes.records import NOW, captured, keep, record

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]

KEPT = (
    record(
        NOW,
        request_id="first",
        client="codex",
        repository="acme",
        branch="main",
        notes=("It's a note.", "Another."),
    ),
    record(
        NOW + timedelta(seconds=1),
        request_id="second",
        provider="other",
        status=502,
        failure="upstream_died",
        reason="It died.",
    ),
)


@pytest.fixture
def url(home: Path) -> str:
    return f"duckdb:///{home}/data/ccproxy/ccproxy.duckdb"


@pytest.fixture
def kept(url: str, port: int, environ: dict[str, str]) -> tuple[RequestRecord, ...]:
    """Two records in the database, and no gateway that answers."""
    asyncio.run(keep(url, KEPT, [SAID]))
    environ["TZ"] = "UTC"
    return KEPT


SAID = captured(KEPT[0], b'{"input": "What is a \xf0\x9f\x90\x8b?", "token": "geheim"}')


def ask(gateway: str) -> str:
    """Ask a model, and return the request's id."""
    body = {"model": "sandbox-echo", "messages": [{"role": "user", "content": "x"}]}
    asked = urllib.request.Request(
        f"{gateway}/v1/chat/completions", json.dumps(body).encode()
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        key: str = answer.headers["x-ccproxy-request-id"]
        return key


def test_the_running_gateway_tells_what_was_just_asked(
    ccproxy: Run, gateway: str
) -> None:
    key = ask(gateway)
    listed = ccproxy("requests", "list", "--provider", "sandbox", "--since", "1h")
    assert (listed.returncode, listed.stderr) == (0, "")
    titles, only = listed.stdout.splitlines()
    assert titles.split()[:4] == ["LOCAL", "TIME", "STATUS", "SECONDS"]
    assert only.split()[2] == "200"
    shown = json.loads(ccproxy("requests", "show", key, "--json").stdout)
    assert (shown["request_id"], shown["provider"]) == (key, "sandbox")


def test_requests_are_shown_as_they_end(
    gateway: str, environ: dict[str, str], home: Path
) -> None:
    told = home / "told"
    os.mkfifo(told)
    with (
        started_program(
            ["requests", "tail", "--json"], environ, home, stdout=told
        ) as process,
        told.open() as lines,
    ):
        asked = {ask(gateway)}
        while not select.select([lines], [], [], 0.2)[0]:  # it may not listen yet
            asked.add(ask(gateway))
        first = json.loads(lines.readline())
        assert first["request_id"] in asked
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        lines.read()
        process.join()
        assert process.exitcode == 0


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize("keeps", ["true", "false"])
def test_following_says_whom_it_listens_to_and_why_nothing_may_come(
    environ: dict[str, str], home: Path, keeps: str
) -> None:
    environ["CCPROXY_STORAGE__REQUEST_LOG"] = keeps
    told = home / "told"
    os.mkfifo(told)
    with (
        started_program(
            ["requests", "tail"],
            environ,
            home,
            stdout=Path(os.devnull),
            stderr=told,
        ),
        told.open() as lines,
    ):
        first = lines.readline()
    database = home / "data/ccproxy/ccproxy.duckdb"
    assert first.startswith(
        f"No gateway answers: looking into the database {database} every 1 s"
    )
    assert ("As storage.request_log is false" in first) == (keeps == "false")


@pytest.mark.usefixtures("port")
def test_a_log_that_is_off_is_told_where_its_records_are_asked_for(
    ccproxy: Run,
) -> None:
    for command in (("requests", "list"), ("cost",)):
        told = ccproxy(*command, "--set", "storage.request_log=false")
        assert told.stderr == (
            "As storage.request_log is false, no record of a request is kept.\n"
        )


@pytest.mark.usefixtures("kept")
def test_without_a_gateway_the_database_is_read(ccproxy: Run) -> None:
    listed = ccproxy("requests", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [line.split("  ") for line in listed.stdout.splitlines()]
    assert [row[0] for row in rows] == [
        "LOCAL TIME",
        "2026-11-24 12:00:01",
        "2026-11-24 12:00:00",
    ]
    assert "upstream_died" in listed.stdout
    failed = json.loads(ccproxy("requests", "list", "--failed", "--json").stdout)
    assert [each["request_id"] for each in failed["requests"]] == ["second"]
    here = ("--repository", "acme", "--branch", "main")
    shown = json.loads(ccproxy("requests", "list", *here, "--json").stdout)
    assert [each["request_id"] for each in shown["requests"]] == ["first"]
    none = ccproxy("requests", "list", "--client", "curl")
    assert none.stdout == "No request fits.\n"
    alike = json.loads(ccproxy("requests", "list", "--model", "?", "--json").stdout)
    assert len(alike["requests"]) == len(KEPT)


@pytest.mark.usefixtures("kept")
def test_one_request_is_shown_whole(ccproxy: Run) -> None:
    shown = ccproxy("requests", "show", "first").stdout.splitlines()
    assert shown[2].split() == ["request_id", "first"]
    notes, another = shown[-2:]
    assert notes.split(maxsplit=1) == ["notes", "It's a note."]
    assert another == " " * notes.index("It's") + "Another."
    unknown = ccproxy("requests", "show", "nobody")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("Error: There is no record of a request 'nobody'.")


@pytest.mark.usefixtures("kept")
def test_what_was_said_is_shown_to_people_and_programs(ccproxy: Run) -> None:
    shown = ccproxy("requests", "show", "first", "--bodies")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == (
        "request  application/json  47 bytes\n"
        '{"input":"What is a \N{WHALE}?","token":"***"}\n'
        "\n"
        "answer  text/event-stream  55 bytes\n"
        'data: {"input":"What is a \N{WHALE}?","token":"***"}\n'
    )
    told = json.loads(ccproxy("requests", "show", "first", "--bodies", "--json").stdout)
    assert told["request"] == {
        "media_type": "application/json",
        "size": 47,
        "truncated": False,
        "text": '{"input":"What is a \N{WHALE}?","token":"***"}',
    }
    none = ccproxy("requests", "show", "second", "--bodies")
    assert (none.returncode, none.stdout) == (1, "")
    assert none.stderr.startswith(
        "Error: What was said in the request 'second' is not kept.\n"
        "capture.providers names"
    )


def test_the_running_gateway_tells_what_was_just_said(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_CAPTURE__PROVIDERS"] = '["sandbox"]'
    key = ask(request.getfixturevalue("gateway"))
    shown = ccproxy("requests", "show", key, "--bodies").stdout
    assert '"model": "sandbox-echo"' in shown
    assert "answer  application/json" in shown


@pytest.mark.usefixtures("kept")
def test_a_time_that_is_none_is_explained(ccproxy: Run) -> None:
    told = ccproxy("requests", "list", "--since", "yesterday")
    assert told.returncode == 2
    assert "for --since: 'yesterday' is neither a time" in told.stderr


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_records_are_exported(
    ccproxy: Run, kept: tuple[RequestRecord, ...], tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"it's all.{ending}"
    done = ccproxy("requests", "export", str(file), "--since", "2026-11-24")
    assert (done.returncode, done.stderr) == (0, f"Wrote {file}\n")
    if ending == "csv":
        rows = [*csv.DictReader(file.read_text().splitlines())]
    elif ending == "json":
        rows = json.loads(file.read_text())
    else:
        told = duckdb.read_parquet(str(file))
        assert tuple(told.columns) == COLUMNS
        rows = [
            {"request_id": each[0]} for each in told.project("request_id").fetchall()
        ]
    assert [each["request_id"] for each in rows] == ["second", "first"]


@pytest.mark.usefixtures("kept")
def test_the_database_answers_sql_in_each_format(ccproxy: Run, tmp_path: Path) -> None:
    query = (
        "SELECT provider, count(*) AS n, max(ended_at) AS last, NULL AS nothing "
        "FROM request_records GROUP BY provider ORDER BY provider"
    )
    table = ccproxy("sql", query)
    assert table.stdout == (
        "PROVIDER  N  LAST                       NOTHING\n"
        "acme      1  2026-11-24 12:00:00+00:00\n"
        "other     1  2026-11-24 12:00:01+00:00\n"
    )
    told = json.loads(ccproxy("sql", query, "--json").stdout)
    assert [(each["provider"], each["n"], each["nothing"]) for each in told] == [
        ("acme", 1, None),
        ("other", 1, None),
    ]
    lines = ccproxy("sql", query, "--format", "csv").stdout.splitlines()
    assert lines[:2] == ["provider,n,last,nothing", "acme,1,2026-11-24 12:00:00+00:00,"]
    for number, each in enumerate((query, f"SELECT * FROM ({query}) WHERE n = 7")):
        file = tmp_path / f"{number}.parquet"
        done = ccproxy("sql", each, "--output", str(file))
        assert (done.returncode, done.stderr) == (0, f"Wrote {file}\n")
        assert len(duckdb.read_parquet(str(file)).fetchall()) == 2 - 2 * number


@pytest.mark.usefixtures("kept")
def test_numbers_that_json_has_not_are_null_in_it(ccproxy: Run, tmp_path: Path) -> None:
    """And so in Parquet, which is made of it."""
    query = "SELECT 1 / 0 AS n, ['nan'::DOUBLE, 0.5] AS numbers"
    told = ccproxy("sql", query, "--json").stdout
    assert told == '[\n{"n": null, "numbers": [null, 0.5]}\n]\n'
    file = tmp_path / "numbers.parquet"
    assert ccproxy("sql", query, "--output", str(file)).returncode == 0
    assert "Infinity" not in str(duckdb.read_parquet(str(file)).fetchall())


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM request_records",
        "DROP TABLE request_records",
        "SELECT 1; UPDATE request_records SET status = 1",
        "SELECT nonsense FROM request_records",
    ],
)
def test_sql_that_would_write_or_is_wrong_is_refused(ccproxy: Run, query: str) -> None:
    told = ccproxy("sql", query)
    assert (told.returncode, told.stdout) == (10, "")
    assert told.stderr.startswith("Error: The query can't be answered: ")
    assert "2\n" in ccproxy("sql", "SELECT count(*) AS n FROM request_records").stdout


@pytest.mark.usefixtures("kept")
def test_the_help_of_sql_names_all_tables(ccproxy: Run) -> None:
    told = json.loads(ccproxy("sql", "SHOW TABLES", "--json").stdout)
    names = {each["name"] for each in told if not each["name"].startswith("alembic")}
    assert len(names) >= 5
    words = set(ccproxy("sql", "--help").stdout.replace(",", " ").split())
    assert names <= words


def test_sql_without_a_database_says_what_makes_one(ccproxy: Run) -> None:
    told = ccproxy("sql", "SELECT 1")
    assert told.returncode == 10
    assert "There is no database" in told.stderr


@pytest.mark.usefixtures("kept")
def test_formats_that_make_no_sense_are_refused(ccproxy: Run, tmp_path: Path) -> None:
    for arguments, reason in (
        (("sql", "SELECT 1", "--format", "parquet"), "Parquet goes into a file"),
        (
            ("requests", "export", str(tmp_path / "x"), "--format", "table"),
            "A table is for people",
        ),
        (
            ("requests", "export", str(tmp_path / "no" / "x.csv")),
            "can't be written: No such file or directory.",
        ),
    ):
        told = ccproxy(*arguments)
        assert told.returncode == 1
        assert reason in told.stderr


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("name", ["rows.txt", "rows"])
def test_a_file_whose_name_tells_no_format_is_not_written(
    ccproxy: Run, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    for command in (("sql", "SELECT 1", "--output"), ("requests", "export")):
        told = ccproxy(*command, str(file))
        assert told.returncode == 2
        assert f"{name} ends with none of .csv, .json and .parquet" in told.stderr
        assert not file.exists()
    done = ccproxy("requests", "export", str(file), "--format", "csv")
    assert (done.returncode, file.exists()) == (0, True)


@pytest.mark.usefixtures("kept")
def test_a_gateway_that_is_named_is_the_only_one_asked(ccproxy: Run) -> None:
    for words in (("list",), ("show", "first"), ("tail",)):
        told = ccproxy("requests", *words, "--url", "http://127.0.0.1:1")
        assert told.returncode == 9
        assert "Error: No gateway answers at http://127.0.0.1:1." in told.stderr


def test_following_needs_a_token_where_one_is_asked_for(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_SECURITY__CLIENT_TOKENS"] = '["correct horse battery"]'
    gateway = request.getfixturevalue("gateway")
    wrong = {"CCPROXY_TOKEN": "wrong"}
    told = ccproxy("requests", "tail", "--url", gateway, env=wrong)
    assert told.returncode == 8
    assert "asks for another client token" in told.stderr
