"""The command ``ccproxy metrics``: what Grafana and Prometheus are given."""

import argparse
import sys
from collections.abc import Sequence
from importlib.resources import files

FILES = {"dashboard": "dashboard.json", "rules": "rules.yml"}
"""What can be asked for, and the file it is in."""


def main(arguments: Sequence[str]) -> int:
    """Write the Grafana dashboard or the alert rules to stdout.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="ccproxy metrics",
        description="Print what Grafana or Prometheus is to be given.",
        epilog="Such as: ccproxy metrics rules > ccproxy.yml",
    )
    parser.add_argument("what", choices=FILES, help="JSON for Grafana, or alert rules")
    sys.stdout.write(text_of(parser.parse_args(arguments).what))
    return 0


def text_of(name: str) -> str:
    """Return the dashboard, as JSON, or the rules, as YAML."""
    return (files("ccproxy.plugins.metrics") / "files" / FILES[name]).read_text()
