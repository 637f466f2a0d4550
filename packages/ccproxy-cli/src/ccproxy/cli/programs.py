"""How the programs people use are pointed at the gateway.

Environment and flags alone do it, so that their own configuration files stay as they
are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccproxy.cli.client import TOKEN_VARIABLE, Target

NO_TOKEN = "ccproxy"  # noqa: S105  (it is none)
"""Shown where a program insists on a token and the gateway asks for none."""


ANTHROPIC_HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
OPENAI_HEADERS = "OPENAI_CUSTOM_HEADERS"
"""Variables in which programs find headers to send, one in each line."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """What to add to a program's command line and environment.

    Attributes:
        arguments: Stand before the person's own.
        environment: Variables to set; may hold the client token.
        without: Variables to take away, as they would send another key.
    """

    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a program is to be pointed.

    Attributes:
        target: The gateway.
        provider: The one provider to ask, or ``None`` to go by the model's name.
        model: The model to ask for, or ``None`` for the program's own choice.
        stamps: Headers that tell where the program works.
        own_login: Whether the gateway passes the program's own login on, and asks for
            no token itself.
    """

    target: Target
    provider: str | None = None
    model: str | None = None
    stamps: Mapping[str, str] = field(default_factory=dict)
    own_login: bool = False

    @property
    def root(self) -> str:
        """The base URL, up to but without ``/v1``."""
        prefix = f"/{self.provider}" if self.provider else ""
        return self.target.url + prefix

    @property
    def token(self) -> str:
        """What the program shows."""
        return self.target.token or NO_TOKEN

    def headers_in(self, *variables: str) -> dict[str, str]:
        """Set variables that hold a header in each line, if there is something to set.

        Sources: https://docs.anthropic.com/en/docs/claude-code/settings and the clients
        of Anthropic's and OpenAI's SDKs.
        """
        lines = "\n".join(f"{name}: {value}" for name, value in self.stamps.items())
        return dict.fromkeys(variables, lines) if lines else {}


@dataclass(frozen=True, slots=True)
class Program:
    """A program we know.

    Attributes:
        point: Points it somewhere.
        install: How to get it.
        provider: Whom it asks if nobody else is named, whatever the model.
        takes_model: Whether we know how it is told a model.
    """

    point: Callable[[Wish], Pointing]
    install: str
    provider: str | None = None
    takes_model: bool = True


def find(program: str) -> Program:
    """Find what is known of a program, by the name of its file."""
    return _KNOWN.get(Path(program).name, _ANY)


def _claude(wish: Wish) -> Pointing:
    environment = {"ANTHROPIC_BASE_URL": wish.root}
    environment |= wish.headers_in(ANTHROPIC_HEADERS)
    if wish.model:
        environment["ANTHROPIC_MODEL"] = wish.model
    if wish.own_login:
        return Pointing(environment=environment)
    environment["ANTHROPIC_AUTH_TOKEN"] = wish.token
    return Pointing(environment=environment, without=("ANTHROPIC_API_KEY",))


def _codex(wish: Wish) -> Pointing:
    provider = "model_providers.ccproxy"
    settings = {
        "model_provider": "ccproxy",
        f"{provider}.name": "ccproxy",
        f"{provider}.base_url": f"{wish.root}/v1",
        f"{provider}.wire_api": "responses",
        f"{provider}.env_key": TOKEN_VARIABLE,
    }
    for name, value in wish.stamps.items():
        settings[f"{provider}.http_headers.{name}"] = value
    if wish.model:
        settings["model"] = wish.model
    # Values are TOML, whose strings are JSON's.
    flags = [("-c", f"{key}={json.dumps(value)}") for key, value in settings.items()]
    return Pointing(
        arguments=tuple(part for flag in flags for part in flag),
        environment={TOKEN_VARIABLE: wish.token},
    )


def _sdks(wish: Wish) -> Pointing:
    return Pointing(
        environment={
            "OPENAI_BASE_URL": f"{wish.root}/v1",
            "OPENAI_API_KEY": wish.token,
            "ANTHROPIC_BASE_URL": wish.root,
            "ANTHROPIC_AUTH_TOKEN": wish.token,
            **wish.headers_in(OPENAI_HEADERS, ANTHROPIC_HEADERS),
        },
        without=("ANTHROPIC_API_KEY",),
    )


_KNOWN = {
    "claude": Program(_claude, "Install it: npm install -g @anthropic-ai/claude-code"),
    "codex": Program(_codex, "Install it: npm install -g @openai/codex", "codex"),
}
_ANY = Program(_sdks, "Check its name, or give its path.", takes_model=False)
