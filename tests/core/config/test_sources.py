"""Settings are read from the places that are documented, and from no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.config import Layers, load, read_layers
from ccproxy.errors import ConfigError

pytestmark = pytest.mark.unit


def _write(path: Path, port: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[server]\nport = {port}\n", encoding="utf-8")
    return path


def test_without_any_file_there_is_nothing_to_read() -> None:
    assert read_layers(None, {}, {}) == Layers(file=None, stack=())


def test_the_usual_file_is_read_if_it_is_there(home: Path) -> None:
    usual = _write(home / "config/ccproxy/config.toml", 1)
    layers = read_layers(None, {}, {})
    assert (layers.file, load(layers).server.port) == (usual, 1)


def test_the_file_named_by_a_variable_comes_before_the_usual_one(
    home: Path, tmp_path: Path
) -> None:
    _write(home / "config/ccproxy/config.toml", 1)
    named = _write(tmp_path / "named.toml", 2)
    layers = read_layers(None, {}, {"CCPROXY_CONFIG": str(named)})
    assert (layers.file, load(layers).server.port) == (named, 2)


def test_the_file_named_by_an_option_comes_before_all_others(tmp_path: Path) -> None:
    given = _write(tmp_path / "given.toml", 3)
    layers = read_layers(given, {}, {"CCPROXY_CONFIG": str(tmp_path / "absent")})
    assert (layers.file, load(layers).server.port) == (given, 3)


def test_an_empty_variable_names_no_file() -> None:
    assert read_layers(None, {}, {"CCPROXY_CONFIG": ""}).file is None


def test_the_current_folder_is_never_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config.toml", "ccproxy.toml", ".ccproxy.toml", "ccproxy/config.toml"):
        _write(tmp_path / name, 4)
    (tmp_path / ".env").write_text("CCPROXY_SERVER__PORT=4\nSERVER__PORT=4\n")
    monkeypatch.chdir(tmp_path)
    assert load(read_layers(None, {}, {})).server.port == 8000


def test_the_process_environment_is_read_only_when_it_is_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CCPROXY_SERVER__PORT", "5")
    monkeypatch.setenv("SERVER", '{"port": 5}')
    assert load(read_layers(None, {}, {})).server.port == 8000


@pytest.mark.parametrize("name", ["CCPROXY_CONFIG", "CCPROXY_TOKEN", "CCPROXY_SERVE"])
def test_reserved_variables_are_not_settings(name: str, file: Path) -> None:
    _write(file, 6)
    assert len(read_layers(None, {}, {name: str(file)}).stack) == (
        1 if name == "CCPROXY_CONFIG" else 0
    )


@pytest.mark.parametrize(
    "name", ["CCPROXY_SERVER__PORT", "ccproxy_server__port", "CcProxy_Server__Port"]
)
def test_the_case_of_a_variable_does_not_matter(name: str) -> None:
    assert load(read_layers(None, {}, {name: "7"})).server.port == 7


def test_variables_of_others_are_left_alone() -> None:
    environ = {"CCPROXYX": "1", "OPENAI_API_KEY": "x", "XCCPROXY_SERVER__PORT": "1"}
    assert read_layers(None, {}, environ).stack == ()


def test_a_variable_may_hold_a_whole_table_and_another_one_key_of_it(
    read: Callable[..., Layers],
) -> None:
    environ = {
        "CCPROXY_SERVER__PORT": "2",
        "CCPROXY_SERVER": '{"port": 1, "workers": 3}',
    }
    server = load(read(environ=environ)).server
    assert (server.port, server.workers) == (2, 3)


def test_lists_in_variables_and_options_are_json(read: Callable[..., Layers]) -> None:
    layers = read(
        environ={"CCPROXY_PLUGINS__DISABLE": '["a", "b"]'},
        overrides={"routing.routes": '[{"match": "gpt-*", "to": "codex"}]'},
    )
    settings = load(layers)
    assert settings.plugins.disable == ("a", "b")
    assert [(r.match, r.to) for r in settings.routing.routes] == [("gpt-*", "codex")]


@pytest.mark.parametrize("text", ["[secret", "{secret}", "[", "7", "null", "true"])
def test_a_text_that_only_looks_like_json_stays_a_text(
    text: str, read: Callable[..., Layers]
) -> None:
    layers = read(environ={"CCPROXY_ROUTING__DEFAULT_PROVIDER": text})
    assert load(layers).routing.default_provider == text


def test_a_byte_order_mark_does_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[server]\r\nport = 9\r\n")
    assert load(read_layers(file, {}, {})).server.port == 9


def _error(*arguments: object) -> str:
    with pytest.raises(ConfigError) as caught:
        read_layers(*arguments)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_file_that_is_named_has_to_exist(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"
    message = (
        f"There is no settings file {path}. "
        f"Run 'ccproxy config init --config {path}' to write it."
    )
    assert _error(path, {}, {}) == message
    assert _error(None, {}, {"CCPROXY_CONFIG": str(path)}) == message


def test_a_folder_is_not_a_settings_file(tmp_path: Path) -> None:
    assert _error(tmp_path, {}, {}) == (
        f"The settings file {tmp_path} can't be read: Is a directory."
    )


def test_a_file_below_a_file_can_not_be_read(file: Path) -> None:
    file.write_text("")
    below = file / "config.toml"
    assert _error(below, {}, {}) == (
        f"The settings file {below} can't be read: Not a directory."
    )


def test_a_file_has_to_be_utf_8(file: Path) -> None:
    file.write_bytes(b'a = "\xff"')
    assert _error(file, {}, {}) == f"The settings file {file} is not UTF-8 text."


@pytest.mark.parametrize(
    ("toml", "line", "reason"),
    [
        ("[server]\nport =\n", 2, "Invalid value"),
        ("[server]\nport 8000\n", 2, "Expected '=' after a key in a key/value pair"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        ("[server]\n[server]\n", 2, "Cannot declare ('server',) twice"),
        ("\n\na = [1,", 3, "Invalid value"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(
    toml: str, line: int, reason: str, file: Path
) -> None:
    file.write_text(toml)
    assert _error(file, {}, {}) == f"{file}:{line}: this is not TOML: {reason}."


@pytest.mark.parametrize(
    ("overrides", "environ", "source"),
    [
        ({"": "1"}, {}, "--set "),
        ({"server.": "1"}, {}, "--set server."),
        ({".port": "1"}, {}, "--set .port"),
        ({}, {"CCPROXY_": "1"}, "CCPROXY_"),
        ({}, {"CCPROXY_SERVER__": "1"}, "CCPROXY_SERVER__"),
    ],
)
def test_a_name_with_an_empty_part_is_no_setting(
    overrides: dict[str, str], environ: dict[str, str], source: str
) -> None:
    assert _error(None, overrides, environ) == (
        f"{source} does not name a setting. "
        "A setting is named by its section and key, such as server.port."
    )


def test_a_variable_has_to_be_text() -> None:
    assert _error(None, {}, {"CCPROXY_SERVER__HOST": "a\udcff"}) == (
        "The value of CCPROXY_SERVER__HOST is not UTF-8 text."
    )
