"""What a command answers has no secrets, unless it is meant to be used as it is."""

import json

import pytest

from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.rows import Format, write_rows
from fakes.records import NOW

pytestmark = pytest.mark.unit

SECRET = "sk-" + "proj-abcdefghijklmnopqrstuvwx"


def test_answers_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    show(f"with {SECRET}")
    show_json({"detail": f"with {SECRET}", "api_key": "short"})
    show_table(("DETAIL",), [(f"with {SECRET}",)])
    told = capsys.readouterr().out
    assert told.count("with ***") == 3
    assert "short" not in told


@pytest.mark.parametrize("chosen", [Format.TABLE, Format.JSON, Format.CSV])
def test_rows_are_masked_where_they_are_shown(
    capsys: pytest.CaptureFixture[str], chosen: Format
) -> None:
    rows = [(f"with {SECRET}", [SECRET], {"password": "short"}, 7, NOW, b"x", None)]
    write_rows("abcdefg", rows, chosen, None)
    told = capsys.readouterr().out
    assert "with ***" in told
    assert SECRET not in told
    assert "short" not in told
    assert str(NOW) in told


def test_the_addresses_of_accounts_stay(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"email": "ann@example.com"})
    assert json.loads(capsys.readouterr().out) == {"email": "ann@example.com"}


def test_what_is_to_be_used_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show("OPENAI_API_KEY=any", whole=True)
    show_json({"OPENAI_API_KEY": "any"}, whole=True)
    assert capsys.readouterr().out.count("any") == 2
