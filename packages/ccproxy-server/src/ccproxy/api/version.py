"""The server's version."""

from importlib.metadata import version

VERSION = version("ccproxy-server")
