"""When ``make soak`` says that something grows."""

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.unit


@pytest.fixture
def flatness() -> Iterator[ModuleType]:
    """The judgement, as a module."""
    spec = importlib.util.spec_from_file_location(
        "flatness", ROOT / "scripts/flatness.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["flatness"] = module  # dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules["flatness"]


@pytest.mark.parametrize(
    ("memory", "handles", "grown"),
    [
        ([100, 160, 168, 168, 169, 168], [9, 17, 17, 17, 17, 17], []),
        ([100, 160, 168, 168, 200, 201], [9, 17, 17, 17, 17, 17], ["memory"]),
        ([160] * 6, [16, 17, 18, 17, 19, 18], []),
        ([160] * 6, [16, 17, 18, 19, 21, 23], ["handles"]),
        ([160, 165, 170, 175, 180, 185], [20] * 6, ["memory"]),
    ],
)
def test_what_comes_to_rest_is_told_from_what_grows(
    flatness: ModuleType, memory: list[int], handles: list[int], grown: list[str]
) -> None:
    samples = [
        flatness.Sample(memory=size, handles=count, threads=9, tasks=6)
        for size, count in zip(memory, handles, strict=True)
    ]
    found = flatness.growing(samples)
    assert [each.partition(":")[0] for each in found] == grown


def test_a_few_samples_tell_nothing(flatness: ModuleType) -> None:
    sample = flatness.Sample(memory=1, handles=1, threads=1, tasks=1)
    with pytest.raises(ValueError, match="too few"):
        flatness.growing([sample] * 5)
