"""The command ``ccproxy hello``."""

from collections.abc import Sequence

from hello_plugin import HelloPlugin


def main(arguments: Sequence[str]) -> int:
    """Say the version, and what the command was given.

    Returns:
        The exit code.
    """
    manifest = HelloPlugin.manifest
    print(manifest.name, manifest.version, *arguments)
    return 0
