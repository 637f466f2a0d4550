"""Gives all wheels one version: ``uv run python scripts/bump.py 0.2.0``.

uv neither raises several versions at once nor checks that members ask for the versions
that the others have, so both are rewritten here; ``uv lock`` follows.
"""

import argparse
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
_VERSION = re.compile(r'^version = "[^"]*"$', re.MULTILINE)
_PIN = re.compile(r'"(ccproxy-[a-z-]+)==[^"]*"')
_VALID = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def bump(root: Path, version: str) -> list[Path]:
    """Write a version into the workspace below ``root`` and into all its members.

    Returns:
        The files that changed.
    """
    changed = []
    for file in [root / "pyproject.toml", *root.glob("packages/*/pyproject.toml")]:
        before = file.read_text()
        after = _VERSION.sub(f'version = "{version}"', before, count=1)
        after = _PIN.sub(rf'"\1=={version}"', after)
        if after != before:
            file.write_text(after)
            changed.append(file)
    return changed


def main() -> None:
    """Bump the version of this checkout."""
    parser = argparse.ArgumentParser(description="Give all wheels one version.")
    parser.add_argument("version", help="such as 0.2.0 or 0.2.0rc1")
    version = parser.parse_args().version
    if not _VALID.fullmatch(version):
        parser.error(f"{version!r} is no version such as 0.2.0 or 0.2.0rc1")
    for file in bump(ROOT, version):
        print(file.relative_to(ROOT))
    uv = os.environ.get("UV", "uv")  # set by `uv run`
    subprocess.run([uv, "lock"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
