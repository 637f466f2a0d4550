"""The three ways of speaking to a language model."""

from ccproxy.dialects.endpoint import Dialect, Endpoint

__all__ = ["Dialect", "Endpoint"]
