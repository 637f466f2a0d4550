"""The directions of imports, and the few places that may catch everything."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.integration

SOURCES = sorted(ROOT.glob("packages/*/src/**/*.py"))
CATCHES_ALL = {"ccproxy/hooks/bus.py", "ccproxy/loader/isolation.py"}


def lint(*below: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter, with more portions of the namespace if so wished."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, below))},
        capture_output=True,
        text=True,
    )


def test_the_linter_sees_every_module() -> None:
    """The graph it judges holds each module below ``packages``."""
    graph = grimp.build_graph("ccproxy", cache_dir=None)
    expected = {
        ".".join(file.relative_to(src).with_suffix("").parts).removesuffix(".__init__")
        for src in ROOT.glob("packages/*/src")
        for file in src.rglob("*.py")
    }
    assert expected <= graph.modules


def test_imports_keep_their_directions() -> None:
    """Each contract of ``[tool.importlinter]`` is kept."""
    done = lint()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imports", "contract"),
    [
        ("ccproxy.plugins.bad", "ccproxy.api.relay", "Plugins see"),
        ("ccproxy.plugins.bad", "ccproxy.errors", "Plugins see"),
        ("ccproxy.plugins.bad", "ccproxy.plugins.openai", "Nobody imports a plugin"),
        ("ccproxy.plugins.bad", "fastapi", "Only the server"),
        ("ccproxy.plugins.bad", "typer", "Only the command line"),
        ("ccproxy.plugins.bad", "aiohttp", "Only the pool"),
        ("ccproxy.plugins.bad", "prometheus_client", "Only metrics"),
        ("ccproxy.plugins.bad", "sqlmodel", "Only storage"),
        ("ccproxy.plugins.bad", "ccproxy.storage", "Plugins see"),
        ("ccproxy.bad", "ccproxy.errors", "Imports go in one direction"),
    ],
)
def test_a_wrong_import_is_found(
    module: str, imports: str, contract: str, tmp_path: Path
) -> None:
    """A package in the wrong place, or with an import it must not have, is refused."""
    package = tmp_path.joinpath(*module.split("."))
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"import {imports}\n")
    done = lint(tmp_path)
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode != 0
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_no_source_owns_a_namespace() -> None:
    """No wheel's sources have an ``__init__.py`` for what the wheels share."""
    shared = ("ccproxy", "ccproxy/plugins", "ccproxy/static")
    owners = [ROOT.glob(f"packages/*/src/{name}/__init__.py*") for name in shared]
    assert [path for found in owners for path in found] == []


def test_everything_is_caught_in_two_places_only() -> None:
    """Elsewhere no handler swallows what it does not know."""
    guilty = {
        f"{file.as_posix().partition('/src/')[2]}:{line}"
        for file in SOURCES
        for line in swallowing(ast.parse(file.read_text()))
        if file.as_posix().partition("/src/")[2] not in CATCHES_ALL
    }
    assert guilty == set()


@pytest.mark.parametrize(
    ("handler", "swallows"),
    [
        ("except:\n pass", True),
        ("except Exception:\n pass", True),
        ("except Exception as e:\n raise Other from e", True),
        ("except (ValueError, Exception):\n pass", True),
        ("except BaseException:\n pass", True),
        ("except BaseException:\n close()\n raise", False),
        ("except ValueError:\n pass", False),
    ],
)
def test_what_counts_as_swallowing(handler: str, swallows: bool) -> None:
    """Cleaning up and raising again is no swallowing; all else that is so wide is."""
    tree = ast.parse(f"try:\n go()\n{handler}")
    assert bool([*swallowing(tree)]) is swallows


def swallowing(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of handlers that catch everything and don't raise it again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = _names(node.type)
            last = node.body[-1]
            raises_again = isinstance(last, ast.Raise) and last.exc is None
            only_passing = caught == {"BaseException"} and raises_again
            if caught & {"Exception", "BaseException", ""} and not only_passing:
                yield node.lineno


def _names(caught: ast.expr | None) -> set[str]:
    if caught is None:
        return {""}
    return {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}


def test_tokens_are_read_in_one_place() -> None:
    """What a JSON Web Token says is the affair of its provider's plugin alone."""
    readers = [file.name for file in SOURCES if "urlsafe_b64decode" in file.read_text()]
    assert readers == ["token.py"]
