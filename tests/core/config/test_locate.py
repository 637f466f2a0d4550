"""Each key of a settings file is found on its line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.config.keypath import KeyPath
from ccproxy.config.locate import key_lines, line_of

pytestmark = pytest.mark.unit

TEXT = '''\
# a comment [server] port = 1
top = 1  # and another

[server]
port = 8000
  host   =   "a # b"

limits.requests = "1/day"
"quoted key" = 1
'single.dot' = 2

[http.proxies]
list = [
  1,  # ] not the end
  "]",
]
after = true
inline = { a = 1, b = { c = 2 } }

[plugins.x]
long = """
[not.a.table]
not_a_key = 1 \\"""
"""""
raw = \'\'\'
[neither] = \'\'\'
last = 1

[[routing.routes]]
match = "a"
[[routing.routes]]
match = "b"
[routing.routes.extra]
deep = 1
'''

LINES: list[tuple[KeyPath, int]] = [
    (("top",), 2),
    (("server",), 4),
    (("server", "port"), 5),
    (("server", "host"), 6),
    (("server", "limits"), 8),
    (("server", "limits", "requests"), 8),
    (("server", "quoted key"), 9),
    (("server", "single.dot"), 10),
    (("http",), 12),
    (("http", "proxies"), 12),
    (("http", "proxies", "list"), 13),
    (("http", "proxies", "after"), 17),
    (("http", "proxies", "inline"), 18),
    (("plugins", "x", "long"), 21),
    (("plugins", "x", "raw"), 25),
    (("plugins", "x", "last"), 27),
    (("routing", "routes"), 29),
    (("routing", "routes", 0), 29),
    (("routing", "routes", 0, "match"), 30),
    (("routing", "routes", 1), 31),
    (("routing", "routes", 1, "match"), 32),
    (("routing", "routes", 1, "extra"), 33),
    (("routing", "routes", 1, "extra", "deep"), 34),
]


@pytest.mark.parametrize(("path", "line"), LINES)
def test_a_key_stands_on_the_line_a_reader_would_name(path: KeyPath, line: int) -> None:
    assert key_lines(TEXT)[path] == line


def test_nothing_inside_a_string_is_taken_for_a_key() -> None:
    tomllib.loads(TEXT)
    assert not {"not_a_key", "not", "neither"} & {p for k in key_lines(TEXT) for p in k}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("http", "proxies", "inline", "b", "c"), 18),
        (("http", "proxies", "list", 1), 13),
        (("server", "absent"), 4),
    ],
)
def test_what_has_no_line_of_its_own_gets_that_around_it(
    path: KeyPath, line: int
) -> None:
    assert line_of(path, key_lines(TEXT)) == line


def test_what_is_nowhere_in_the_file_has_no_line() -> None:
    assert line_of(("absent", "key"), key_lines(TEXT)) is None


def test_lines_are_counted_alike_with_windows_line_ends() -> None:
    assert key_lines(TEXT.replace("\n", "\r\n")) == key_lines(TEXT)


def _paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    """All paths to keys of tables and to tables in arrays of tables."""
    if isinstance(value, dict):
        return [
            p for k, v in value.items() for p in [(*path, k), *_paths(v, (*path, k))]
        ]
    return []


STRINGS = st.sampled_from(['"a"', "'b'", '"""\n[c]\nd=1\n"""', "'''\ne = 2\n'''", '""'])
VALUES = STRINGS | st.sampled_from(["1", "[\n1,\n2]", "1979-05-27T07:32:00Z", "-1.5"])


@given(
    st.dictionaries(
        st.sampled_from(["a", "b.c", "'x y'", '"q.r"']),
        st.dictionaries(st.sampled_from(["k", "l.m", '"n"', "'o.p'"]), VALUES),
    )
)
def test_every_key_of_any_document_has_a_line(
    tables: dict[str, dict[str, str]],
) -> None:
    text = "".join(
        f"[{name}] # [no]\n" + "".join(f"{k} = {v} # = no\n" for k, v in keys.items())
        for name, keys in tables.items()
    )
    assert set(key_lines(text)) == set(_paths(tomllib.loads(text)))
