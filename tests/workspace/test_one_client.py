"""Nobody but the pool builds an HTTP client."""

import ast
from collections.abc import Iterator

import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.unit

CLIENTS = {"AsyncClient", "Client", "ClientSession", "HttpxAiohttpClient"}
MAY = {"ccproxy/http/pool.py", "ccproxy/testing/running.py"}


def test_only_the_pool_and_the_test_kit_build_clients() -> None:
    builders = {
        file.as_posix().partition("/src/")[2]
        for file in ROOT.glob("packages/*/src/**/*.py")
        for name in called(ast.parse(file.read_text()))
        if name in CLIENTS
    }
    assert builders == MAY


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    yield name
