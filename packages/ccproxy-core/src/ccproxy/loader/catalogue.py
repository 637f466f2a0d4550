"""Which wheel holds what, so that a missing piece can be named.

Facts about our own wheels only; nothing is imported from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A plugin of ours.

    Attributes:
        plugin: Its name.
        wheel: What to install.
        path: The page it serves, if it serves one.
        setting: The switch that turns it off.
    """

    plugin: str
    wheel: str
    path: str | None = None
    setting: str = ""

    @property
    def switch(self) -> str:
        """The setting that turns it on or off."""
        return self.setting or f"plugins.{self.plugin}.enabled"


PIECES = (
    Piece("anthropic", "ccproxy-plugin-anthropic"),
    Piece("codex", "ccproxy-plugin-codex"),
    Piece("dashboard", "ccproxy-dashboard", "/dashboard", "dashboard.enabled"),
    Piece("metrics", "ccproxy-plugin-metrics", "/metrics"),
    Piece("openai", "ccproxy-plugin-openai"),
    Piece("otel", "ccproxy-plugin-otel"),
    Piece("sandbox", "ccproxy-server"),
    Piece("server", "ccproxy-server"),
)


def by_plugin(name: str) -> Piece | None:
    """Find a piece by the plugin's name."""
    return next((piece for piece in PIECES if piece.plugin == name), None)


def by_path(path: str) -> Piece | None:
    """Find the piece that would serve a path."""
    return next(
        (
            piece
            for piece in PIECES
            if piece.path and (path == piece.path or path.startswith(piece.path + "/"))
        ),
        None,
    )
