"""The way to a value inside nested tables and lists."""

from collections.abc import Iterable, Mapping

KeyPath = tuple[str | int, ...]
"""Keys of tables and indices of lists, from the outside in."""
_ABSENT = object()


def dotted(path: Iterable[str | int]) -> str:
    """Write a path the way people do: ``routing.routes[0].to``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def depth_of(path: KeyPath, data: object) -> int:
    """Return how many parts of ``path`` lead somewhere in ``data``."""
    for depth, key in enumerate(path):
        data = _lookup(data, key)
        if data is _ABSENT:
            return depth
    return len(path)


def follow(location: tuple[int | str, ...], data: object) -> tuple[KeyPath, object]:
    """Follow pydantic's location as far as the data go.

    What it adds for itself, such as the names of the members of a union, is left out.
    """
    path: KeyPath = ()
    for key in location:
        inner = _lookup(data, key)
        if inner is not _ABSENT:
            path += (key,)
            data = inner
    return path, data


def _lookup(data: object, key: str | int) -> object:
    """Return what stands under one key, or ``_ABSENT``."""
    if isinstance(data, Mapping) and isinstance(key, str):
        return data.get(key, _ABSENT)
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return data[key]
    return _ABSENT
