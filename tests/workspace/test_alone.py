"""Each wheel stands alone, and so do the sets of them that people install."""

import shutil
import tomllib
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from fakes.trust import OUTSIDE
from workspace.environment import ROOT, UV, Environment, Install, serving, uv

pytestmark = pytest.mark.e2e

WHEELS = sorted(path.name for path in (ROOT / "packages").iterdir())
IMPORT_ALL = "import importlib, sys; [*map(importlib.import_module, sys.argv[1:])]"
CHAT = {"model": "sandbox-echo", "messages": [{"role": "user", "content": "hello"}]}


def modules(wheel: Path) -> list[str]:
    """Name every module a wheel ships."""
    with ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if name.endswith(".py")]
    return [
        file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for file in files
        if not file.endswith("__main__.py")
    ]


def installed(environment: Environment) -> set[str]:
    """Name the wheels of ours that an environment holds."""
    listed = uv("pip", "freeze", f"--python={environment.path}").splitlines()
    names = {line.partition("==")[0].partition(" @ ")[0] for line in listed}
    return names & {*WHEELS, "hello-plugin"}


def answer(url: str) -> str:
    """Ask the sandbox to echo."""
    reply = httpx.post(f"{url}/v1/chat/completions", json=CHAT, timeout=30)
    assert reply.status_code == 200, reply.text
    content: str = reply.json()["choices"][0]["message"]["content"]
    return content


@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_alone_imports_all_it_ships(
    name: str, wheels: dict[str, Path], install: Install
) -> None:
    """With nothing of ours but the core beside it, every module imports."""
    environment = install(name)
    assert installed(environment) == {name, "ccproxy-core"}
    done = environment.run("python", "-c", IMPORT_ALL, *modules(wheels[name]))
    assert (done.returncode, done.stderr) == (0, "")


def test_server_and_metrics_work_without_the_command_line(install: Install) -> None:
    """``ccproxy-server`` answers chats and /metrics where no CLI is installed."""
    environment = install("ccproxy-server", "ccproxy-plugin-metrics")
    with environment.serving("ccproxy-server") as url:
        assert "hello" in answer(url)
        assert "ccproxy_build_info" in httpx.get(f"{url}/metrics").text
    missing = environment.run("python", "-c", "import ccproxy.cli")
    assert "No module named 'ccproxy.cli'" in missing.stderr


def test_the_command_line_names_the_server_it_lacks(install: Install) -> None:
    """``ccproxy serve`` without a server exits 5 and says what to install."""
    environment = install("ccproxy-cli")
    version = environment.run("ccproxy", "--version")
    assert (version.returncode, version.stdout.split()[0]) == (0, "ccproxy")
    serve = environment.run("ccproxy", "serve")
    assert serve.returncode == 5
    assert "pip install ccproxy-server" in serve.stderr
    assert "Traceback" not in serve.stderr


def test_removing_a_wheel_leaves_the_others_whole(install: Install) -> None:
    """Plugins and CLI come and go beside a server that keeps working."""
    environment = install("ccproxy-server", "ccproxy-plugin-openai", "ccproxy-cli")
    extras = ("ccproxy-plugin-openai", "ccproxy-cli")
    uv("pip", "uninstall", f"--python={environment.path}", *extras)
    with environment.serving("ccproxy-server") as url:
        assert "hello" in answer(url)
        listed = httpx.get(f"{url}/api/plugins/status").json()["plugins"]
    assert [each["name"] for each in listed] == ["sandbox", "server"]


def test_the_hello_plugin_is_found_and_keeps_its_contract(
    install: Install, dist: Path, tmp_path: Path
) -> None:
    """A third party's wheel beside the server runs, and so do its own tests."""
    environment = install("ccproxy-server")
    project = tmp_path / "hello"
    shutil.copytree(
        ROOT / "examples/hello-plugin",
        project,
        ignore=shutil.ignore_patterns(".*", "__pycache__"),
    )
    uv("build", "--wheel", f"--out-dir={tmp_path}", project)
    (wheel,) = tmp_path.glob("*.whl")
    into = ("pip", "install", f"--python={environment.path}")
    uv(*into, "--no-index", f"--find-links={dist}", wheel)
    with environment.serving("ccproxy-server") as url:
        listed = httpx.get(f"{url}/api/plugins/status").json()["plugins"]
    (hello,) = (each for each in listed if each["name"] == "hello")
    assert (hello["state"], hello["source"]) == ("running", "entry-point")
    uv(*into, *locked("pytest", "pytest-asyncio"))
    tests = environment.run("python", "-m", "pytest", str(project / "tests"))
    assert tests.returncode == 0, tests.stdout


def test_uvx_runs_the_gateway_from_wheels(dist: Path, tmp_path: Path) -> None:
    """``uvx --from ccproxy-cli --with ccproxy-server ccproxy serve`` answers."""
    constraints = tmp_path / "constraints.txt"
    export = ("export", "--locked", "--no-dev", "--no-emit-workspace", "--no-hashes")
    uv(*export, f"--output-file={constraints}")
    command = [
        *(UV, "tool", "run", "--isolated", "--find-links", str(dist)),
        *("--constraints", str(constraints)),
        *("--from", "ccproxy-cli", "--with", "ccproxy-server"),
        *("ccproxy", "serve", "--port", "0"),
    ]
    own = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with serving(command, tmp_path, OUTSIDE | own) as url:
        assert "hello" in answer(url)


def locked(*names: str) -> list[str]:
    """Name packages with the versions of uv.lock."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {each["name"]: each["version"] for each in packages}
    return [f"{name}=={versions[name]}" for name in names]
