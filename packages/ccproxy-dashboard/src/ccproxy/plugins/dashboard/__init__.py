"""A page that shows what the gateway is made of, live."""

import mimetypes
from importlib import resources
from importlib.metadata import version

from ccproxy.sdk import (
    Contributions,
    Manifest,
    Plugin,
    PluginConfig,
    Request,
    Response,
    Route,
)

_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class DashboardPlugin(Plugin[PluginConfig]):
    """Serves the page and what it is made of below ``/dashboard``."""

    manifest = Manifest(name="dashboard", version=version("ccproxy-dashboard"))

    def setup(self, add: Contributions) -> None:
        """Add the page's paths; the files are read when asked for."""
        add.routes(Route("/dashboard", self.serve), Route("/dashboard/*", self.serve))

    async def serve(self, request: Request) -> Response:
        """Answer with one of the files that ship in the wheel."""
        files = {file.name: file for file in resources.files(_STATIC).iterdir()}
        name = request.rest or "index.html"
        file = files.get(name)
        if file is None or not name.endswith((".html", ".js", ".css", ".svg")):
            return Response(b"There is no such file.\n", status=404)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(
            file.read_bytes(),
            media_type=f"{media_type}; charset=utf-8",
            headers=_HEADERS,
        )


_STATIC = "ccproxy.static.dashboard"
