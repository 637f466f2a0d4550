"""The models tell which keys there are, at any depth."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from ccproxy.config.fields import is_plain, known_paths, nearest, tables
from ccproxy.config.keypath import KeyPath

pytestmark = pytest.mark.unit


class Inner(BaseModel):
    key: int = 0


class Outer(BaseModel):
    plain: list[int] = Field(default_factory=list)
    table: Inner = Inner()
    maybe: Annotated[Inner | None, Field()] = None
    rows: tuple[Inner, ...] = ()
    named: dict[str, list[Inner]] = Field(default_factory=dict)
    renamed: int = Field(default=0, alias="other")


KNOWN = list(known_paths(Outer))


def test_all_paths_are_known_with_stars_for_what_people_choose() -> None:
    assert KNOWN == [
        ("plain",),
        ("plain", "*"),
        ("table",),
        ("table", "key"),
        ("maybe",),
        ("maybe", "key"),
        ("rows",),
        ("rows", "*"),
        ("rows", "*", "key"),
        ("named",),
        ("named", "*", "*", "key"),
        ("other",),
    ]


def test_numbers_and_words_of_a_closed_list_are_no_secrets() -> None:
    class Demo(BaseModel):
        port: int = 0
        share: Annotated[float | None, Field(ge=0)] = None
        level: Literal["low", "high"] | None = None
        on: bool = False
        name: str = ""
        words: tuple[Literal["a", "b"], ...] = ()
        either: int | SecretStr = 0
        password: int = 0
        rows: tuple[Inner, ...] = ()

    plain = [".".join(path) for path, plain in known_paths(Demo).items() if plain]
    assert plain == ["port", "share", "level", "on", "words.*", "rows.*.key"]
    assert is_plain(("rows", 3, "key"), known_paths(Demo))
    assert not is_plain(("rows", 3, "name"), known_paths(Demo))


def test_only_models_themselves_are_tables_of_known_keys() -> None:
    assert tables(Outer) == {"table": Inner, "maybe": Inner}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (("tabel",), ("table",)),
        (("table", "kye"), ("table", "key")),
        (("rows", 3, "kee"), ("rows", 3, "key")),
        (("named", "x", 0, "keys"), ("named", "x", 0, "key")),
        (("table", "plain"), ("plain",)),
        (("key",), None),  # it is in two tables, and either may be meant
        (("table", "zzz"), None),
    ],
)
def test_the_nearest_key_is_a_sibling_or_one_of_that_very_name(
    path: KeyPath, meant: KeyPath | None
) -> None:
    assert nearest(path, KNOWN) == meant
