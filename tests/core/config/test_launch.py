"""What serve was told reaches its workers as it was told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.config import Launch, load
from ccproxy.errors import ConfigError

pytestmark = pytest.mark.unit

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = st.none() | TEXTS.map(Path)


@given(PATHS, st.dictionaries(TEXTS, TEXTS), st.dictionaries(TEXTS, TEXTS))
def test_a_launch_survives_the_environment(
    file: Path | None, overrides: dict[str, str], named: dict[str, str]
) -> None:
    launch = Launch(file, overrides, named)
    assert Launch.from_environ({"CCPROXY_SERVE": launch.to_environ()}) == launch


def test_without_the_variable_nothing_was_told() -> None:
    assert Launch.from_environ({}) == Launch()


def test_the_option_is_blamed_that_was_given() -> None:
    for launch, option in (
        (Launch(None, {"server.workers": "0"}), "--set server.workers"),
        (Launch(None, {"server.workers": "4"}, {"server.workers": "0"}), "--workers"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(launch.layers({}))
        assert str(caught.value).startswith(f"{option}: server.workers should")


def test_a_worker_reads_the_settings_the_parent_would_read(file: Path) -> None:
    file.write_text("[server]\nport = 1\nworkers = 2\n")
    launch = Launch(file, {"server.port": "3"})
    worker = Launch.from_environ({"CCPROXY_SERVE": launch.to_environ()})
    environ = {"CCPROXY_SERVER__HOST": "::1", "CCPROXY_SERVE": launch.to_environ()}
    settings = load(worker.layers(environ))
    assert settings == load(launch.layers(environ))
    assert (settings.server.port, settings.server.workers, settings.server.host) == (
        3,
        2,
        "::1",
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"overrides": {"a": 1}}'])
def test_a_variable_of_another_origin_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Launch.from_environ({"CCPROXY_SERVE": text})
    assert str(caught.value) == (
        "CCPROXY_SERVE is not what 'ccproxy serve' sets. "
        "Unset it; it is meant for worker processes alone."
    )
