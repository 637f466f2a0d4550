"""The settings are frozen, closed, and safe by default."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from ccproxy.config import Settings
from ccproxy.config.fields import tables
from ccproxy.config.sections import Http, Security, Storage

pytestmark = pytest.mark.unit


def test_the_defaults_are_the_documented_ones() -> None:
    settings = Settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.server.max_body_bytes == 64 * 1024 * 1024
    assert not settings.limits.enabled
    assert settings.dashboard.enabled
    assert settings.plugins.enable is None


def test_the_environment_never_reaches_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERVER", '{"port": 1}')
    monkeypatch.setenv("CCPROXY_SERVER__PORT", "1")
    assert Settings() == Settings.model_construct()


@pytest.mark.parametrize("section", tables(Settings))
def test_no_section_takes_an_unknown_key_or_a_change(section: str) -> None:
    settings = Settings()
    table = getattr(settings, section)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, section, table)
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(table)(unknown=1)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(table, next(iter(type(table).model_fields)), None)


def test_the_database_is_a_file_in_the_data_folder_by_default(home: Path) -> None:
    assert Settings().storage_url == f"duckdb:///{home}/data/ccproxy/ccproxy.duckdb"


def test_the_database_may_be_elsewhere() -> None:
    url = "postgresql+psycopg://me:pw@host/db"
    assert Settings(storage=Storage(url=SecretStr(url))).storage_url == url


def test_a_path_may_start_with_the_home_folder(home: Path) -> None:
    security = Security(client_tokens_file=Path("~/tokens"))
    assert security.client_tokens_file == home / "tokens"


def test_a_home_folder_nobody_has_is_told() -> None:
    with pytest.raises(ValidationError, match="there is no home folder"):
        Http(ca_file=Path("~nobody-has-this-name/ca.pem"))


@pytest.mark.parametrize("rate", ["1/second", "600/minute", "10/hour", "99999/day"])
def test_a_rate_is_a_number_per_unit(rate: str) -> None:
    assert (
        Settings.model_validate({"limits": {"requests": rate}}).limits.requests == rate
    )


@pytest.mark.parametrize("rate", ["", "0/minute", "1", "1/week", "1/minute ", "-1/day"])
def test_anything_else_is_no_rate(rate: str) -> None:
    with pytest.raises(ValidationError, match="should read like 600/minute"):
        Settings.model_validate({"limits": {"requests": rate}})


@pytest.mark.parametrize(
    ("told", "forgotten"),
    [
        ({}, ()),
        ({"limits": {"requests": "9/minute"}}, ("limits",)),
        ({"limits": {"requests": "9/minute", "enabled": True}}, ()),
        ({"limits": {"requests": "9/minute", "enabled": False}}, ()),
        ({"limits": {"tokens": "9/day"}, "guard": {"repeats": 3}}, ("limits", "guard")),
    ],
)
def test_what_is_set_without_a_word_whether_it_holds_is_known(
    told: dict[str, dict[str, object]], forgotten: tuple[str, ...]
) -> None:
    assert Settings(**told).forgotten == forgotten  # type: ignore[arg-type]  # as a file
