"""Writes ``docs/reference`` from the code: ``make docs``."""

import argparse
import sys
from pathlib import Path

from reference import cli, dialects, errors, hooks, routes, settings

FOLDER = Path(__file__).parents[1] / "docs/reference"
PAGES = {
    "settings.md": settings.page,
    "cli.md": cli.page,
    "routes.md": routes.page,
    "hooks.md": hooks.page,
    "errors.md": errors.page,
    "dialects.md": dialects.page,
}
_NOTE = (
    "<!-- Written by scripts/docs.py from the code; `make docs` writes it anew. -->\n"
)


def main() -> int:
    """Write the pages, or tell which are not as the code says.

    Returns:
        An exit code: 1 if a page is to be written anew.
    """
    parser = argparse.ArgumentParser(description="Write docs/reference from the code.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail on outdated pages"
    )
    only_check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        file = FOLDER / name
        text = f"{page().strip()}\n\n{_NOTE}"
        if file.exists() and file.read_text() == text:
            continue
        stale.append(name)
        if not only_check:
            file.write_text(text)
    for name in stale:
        print(f"docs/reference/{name}: {'outdated' if only_check else 'written'}")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
