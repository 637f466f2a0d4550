"""What to type after a plugin project was written, so that it works as printed."""

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit


def steps(project: Path) -> Iterator[str]:
    """Yield the commands that install the project in a venv of its own, and try it."""
    yield f"cd {shlex.quote(str(project))}"
    links = ""
    if (checkout := _checkout()) is not None:
        yield f"make -C {shlex.quote(str(checkout))} wheels"
        links = f"--find-links {shlex.quote(str(checkout / 'dist'))} "
    if shutil.which("uv"):
        yield "uv venv"
        pip = "uv pip install --python .venv"
    else:
        yield f"{shlex.quote(sys.executable)} -m venv .venv"
        pip = ".venv/bin/pip install"
    yield f'{pip} {links}-e ".[dev]"'
    yield ".venv/bin/pytest"
    yield ".venv/bin/ccproxy plugins list"


def remark() -> str:
    """Say where ccproxy's own wheels come from, which may not be published yet."""
    if _checkout() is not None:
        return "ccproxy's wheels need not be published: they are built from here."
    return (
        "If ccproxy's wheels are not on your package index yet, add --find-links and "
        "the\nfolder they are in to the install."
    )


def _checkout() -> Path | None:
    """Find the checkout this command line is run from, if it is."""
    origin = json.loads(
        distribution("ccproxy-cli").read_text("direct_url.json") or "{}"
    )
    if not origin.get("dir_info", {}).get("editable"):
        return None
    package = Path(unquote(urlsplit(origin["url"]).path))  # CHECKOUT/packages/NAME
    return package.parents[1]
