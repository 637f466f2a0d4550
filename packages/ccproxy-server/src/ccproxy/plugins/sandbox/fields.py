"""Reading decoded JSON that may have any shape."""

from ccproxy.sdk import Json, JsonObject


def text(value: Json) -> str:
    """Return a string, empty for anything else."""
    return value if isinstance(value, str) else ""


def an_object(value: Json) -> JsonObject:
    """Return an object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[JsonObject]:
    """Return the objects of a list; nothing for anything else."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def media_type(url: str) -> str:
    """Return the media type of a ``data:`` URL, and ``url`` for any other."""
    if not url.startswith("data:"):
        return "url"
    return url.removeprefix("data:").split(";")[0].split(",")[0] or "unknown"
