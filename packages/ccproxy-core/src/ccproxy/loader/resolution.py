"""The order in which plugins are set up: after what they require, ties by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ccproxy.sdk import Manifest

CORE_PROVIDES = frozenset({"hooks", "http", "profiles"})
"""What the gateway itself provides."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What can run, and why the rest can't.

    Attributes:
        order: Names, in the order of setup.
        refused: Reason by name.
    """

    order: tuple[str, ...]
    refused: Mapping[str, str]


def resolve(manifests: Mapping[str, Manifest]) -> Resolution:
    """Order plugins so that each comes after those that provide what it requires.

    A plugin is refused when something it requires is missing (or refused itself), when
    it is part of a cycle, or when another one, earlier by name, provides the same.
    """
    refused: dict[str, str] = {}
    providers = _providers(manifests, refused)
    _refuse_the_unmet(manifests, providers, refused)
    while True:
        graph = _graph(manifests, providers, refused)
        try:
            sorter = TopologicalSorter(graph)
            sorter.prepare()
            break
        except CycleError as error:
            cycle: list[str] = error.args[1]
            around = " → ".join(reversed(cycle))
            refused.update(dict.fromkeys(cycle, f"requires itself: {around}"))
            _refuse_the_unmet(manifests, providers, refused)
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return Resolution(tuple(order), refused)


def _providers(
    manifests: Mapping[str, Manifest], refused: dict[str, str]
) -> dict[str, str]:
    providers: dict[str, str] = {}
    for name in sorted(manifests):
        capabilities = (name, *manifests[name].provides)
        for capability in capabilities:
            if (other := providers.get(capability)) is not None and other != name:
                refused[name] = f"{other} already provides {capability!r}"
            elif capability in CORE_PROVIDES:
                refused[name] = f"the gateway itself provides {capability!r}"
        if name not in refused:
            providers.update(dict.fromkeys(capabilities, name))
    return providers


def _refuse_the_unmet(
    manifests: Mapping[str, Manifest],
    providers: Mapping[str, str],
    refused: dict[str, str],
) -> None:
    """Refuse whoever requires what nobody provides, until nothing changes."""
    changed = True
    while changed:
        changed = False
        for name in sorted(manifests.keys() - refused.keys()):
            for capability in manifests[name].requires:
                if capability in CORE_PROVIDES:
                    continue
                provider = providers.get(capability)
                if provider is None or provider in refused:
                    refused[name] = f"requires {capability!r}, which nobody provides"
                    changed = True
                    break


def _graph(
    manifests: Mapping[str, Manifest],
    providers: Mapping[str, str],
    refused: Mapping[str, str],
) -> dict[str, list[str]]:
    return {
        name: sorted(
            {providers[need] for need in manifest.requires if need not in CORE_PROVIDES}
            - ({name} if name in manifest.provides else set())
        )
        for name, manifest in manifests.items()
        if name not in refused
    }
