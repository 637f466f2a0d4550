"""The shape of decoded JSON."""

from ccproxy.dialects.json import Json, JsonObject

__all__ = ["Json", "JsonObject"]
