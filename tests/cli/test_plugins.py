"""``ccproxy plugins``: what is there, how far it came, and a new one that works."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "hello-plugin"


def contents(folder: Path, ending: str = "") -> dict[str, str]:
    """Read all files of a folder, by path without the ending; not what tools leave."""
    found = {file.relative_to(folder): file for file in folder.rglob("*")}
    return {
        str(path).removesuffix(ending): file.read_text()
        for path, file in found.items()
        if file.is_file()
        and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


@pytest.mark.usefixtures("hello_installed")
def test_list_shows_what_each_plugin_adds(ccproxy: Run) -> None:
    only = {"CCPROXY_PLUGINS__ENABLE": '["hello", "server"]'}
    told = ccproxy("plugins", "list", env=only)
    lines = told.stdout.splitlines()
    assert " ".join(lines[0].split()) == "NAME VERSION STATE SOURCE PROVIDES ADDS"
    assert (
        "hello      0.1.0    ready     hello-plugin 0.1.0              greeter   "
        "provider hello, route /hello, hook request_completed, command hello, "
        "middleware"
    ) in lines
    assert "openai is disabled: not listed in plugins.enable" in lines


@pytest.mark.usefixtures("broken_plugin")
def test_list_for_programs_follows_the_schema_of_the_api(ccproxy: Run) -> None:
    told = ccproxy("plugins", "list", "--json")
    by_name = {each["name"]: each for each in json.loads(told.stdout)["plugins"]}
    assert (told.returncode, told.stderr) == (0, "")
    assert by_name["sandbox"]["contributions"]["providers"] == ["sandbox"]
    assert by_name["crooked"]["state"] == "failed"
    assert by_name["crooked"]["reason"] == "import failed: RuntimeError: it is crooked"


@pytest.mark.usefixtures("broken_plugin", "port")
def test_status_without_a_gateway_looks_for_itself(ccproxy: Run) -> None:
    told = ccproxy("plugins", "status")
    lines = told.stdout.splitlines()
    assert told.returncode == 4
    assert lines[0] == "Told by this command, as no gateway answers."
    assert "crooked    ?        failed" in lines
    assert "sandbox    0.1.0    ready" in lines
    assert "crooked is failed: import failed: RuntimeError: it is crooked" in lines


def test_status_asks_the_gateway_that_runs(ccproxy: Run, gateway: str) -> None:
    told = ccproxy("plugins", "status")
    assert told.returncode == 0
    assert told.stdout.startswith(f"Told by the gateway at {gateway}.\n")
    assert "sandbox    0.1.0    running\n" in told.stdout
    answer = json.loads(ccproxy("plugins", "status", "--json").stdout)
    assert answer["told_by"] == f"the gateway at {gateway}"


def test_status_of_a_gateway_that_is_named_has_to_be_its_own(
    ccproxy: Run, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    told = ccproxy("plugins", "status", "--url", url)
    assert (told.returncode, told.stdout) == (9, "")
    assert told.stderr.startswith(f"Error: No gateway answers at {url}.\n")


def test_new_writes_a_project_that_keeps_the_contract(
    ccproxy: Run, home: Path, environ: dict[str, str]
) -> None:
    told = ccproxy("plugins", "new", "rain-gauge")
    project = home / "rain-gauge-plugin"
    assert told.stdout == (
        "Wrote rain-gauge-plugin. Next:\n\n"
        "  cd rain-gauge-plugin\n"
        f"  make -C {ROOT} wheels\n"
        f"  {sys.executable} -m venv .venv\n"
        f'  .venv/bin/pip install --find-links {ROOT}/dist -e ".[dev]"\n'
        "  .venv/bin/pytest\n"
        "  .venv/bin/ccproxy plugins list\n\n"
        "ccproxy's wheels need not be published: they are built from here.\n"
    )
    written = contents(project)
    assert "src/rain_gauge_plugin/__init__.py" in written
    assert not any("hello" in text.lower() for text in written.values())
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=project,
        env=environ | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.stdout.startswith("....."), tests.stdout
    assert tests.returncode == 0


def test_new_with_the_examples_name_is_the_example(ccproxy: Run, home: Path) -> None:
    told = ccproxy("plugins", "new", "hello", "--directory", str(home), "--json")
    project = home / "hello-plugin"
    assert json.loads(told.stdout) == {"path": str(project)}
    assert contents(project) == contents(EXAMPLE)


def test_the_template_in_the_wheel_is_the_example() -> None:
    template = Path(str(files("ccproxy.cli") / "template"))
    assert contents(template, ".txt") == contents(EXAMPLE)


def test_new_leaves_alone_what_is_there(ccproxy: Run, home: Path) -> None:
    (home / "rain-plugin").mkdir()
    told = ccproxy("plugins", "new", "rain")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        "Error: rain-plugin is there already.\nGive another name or --directory.\n"
    )
    assert list((home / "rain-plugin").iterdir()) == []


def test_new_says_which_names_a_plugin_may_have(ccproxy: Run) -> None:
    told = ccproxy("plugins", "new", "1-Rain")
    assert told.stderr == (
        "Error: No plugin can be called '1-Rain'.\n"
        "Begin with a letter of a to z; go on with such, digits, '_' or '-'.\n"
    )


def test_new_with_uv_uses_uv(ccproxy: Run, home: Path) -> None:
    (home / "uv").write_text("#!/bin/sh\n")
    (home / "uv").chmod(0o755)
    told = ccproxy("plugins", "new", "rain", env={"PATH": str(home)})
    assert "  uv venv\n  uv pip install --python .venv --find-links" in told.stdout


@pytest.mark.parametrize(
    "name", ["Rain", "../rain", "openai", "v1", "1st", "status", "disable", ""]
)
def test_new_refuses_names_no_plugin_may_have(ccproxy: Run, name: str) -> None:
    told = ccproxy("plugins", "new", name)
    assert told.returncode == 4
    assert repr(name) in told.stderr
