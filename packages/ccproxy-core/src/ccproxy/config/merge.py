"""How layers of settings become one."""

from collections.abc import Mapping


def deep_merge(
    low: Mapping[str, object], high: Mapping[str, object]
) -> dict[str, object]:
    """Return ``low`` overlaid with ``high``.

    Tables merge key by key, everything else (lists too) is replaced. Keys keep the
    order of ``low``, new ones follow in the order of ``high``. Neither input is
    changed; the result shares with them what it didn't have to merge.
    """
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = deep_merge(below, value)
        else:
            merged[key] = value
    return merged
