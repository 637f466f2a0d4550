"""``python -m ccproxy.cli`` is ``ccproxy``."""

from ccproxy.cli.main import script

if __name__ == "__main__":
    script()
