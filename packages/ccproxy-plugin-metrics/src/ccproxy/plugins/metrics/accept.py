"""Which of the two formats of metrics a caller wants."""

from typing import NamedTuple


class _Wish(NamedTuple):
    media_type: str
    version: str
    quality: float


def wants_openmetrics(accept: str) -> bool:
    """Tell whether OpenMetrics 1 is wanted at least as much as the text format.

    Args:
        accept: The header, empty if there was none. What can't be understood in it
            counts for nothing.
    """
    wishes = [_wish(entry) for entry in accept.lower().split(",")]
    openmetrics = _best(
        [
            wish.quality
            for wish in wishes
            if wish.media_type == "application/openmetrics-text"
            and (not wish.version or wish.version.startswith("1."))
        ]
    )
    text = _best([wish.quality for wish in wishes if wish.media_type == "text/plain"])
    return openmetrics > 0 and openmetrics >= text


def _wish(entry: str) -> _Wish:
    media_type, *parameters = (part.strip() for part in entry.split(";"))
    values: dict[str, str] = {}
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        values[name.strip()] = value.strip()
    try:
        quality = float(values.get("q", "1"))
    except ValueError:
        quality = 0.0
    return _Wish(media_type, values.get("version", ""), quality)


def _best(qualities: list[float]) -> float:
    return max(qualities, default=0.0)
