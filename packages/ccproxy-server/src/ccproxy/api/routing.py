"""Where a request goes: by its path to a handler, by its model to a provider."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase

from ccproxy.dialects import Dialect, Endpoint
from ccproxy.errors import UnknownProviderError
from ccproxy.loader.catalogue import PIECES
from ccproxy.loader.isolation import login_of
from ccproxy.sdk import Provider, Route

SANDBOX = "sandbox"
OTHER = "other"
"""The route of paths nobody knows."""


class Kind(Enum):
    """Who handles a request."""

    BASE = auto()
    MODEL = auto()
    MODELS = auto()
    PLUGIN = auto()
    API = auto()


@dataclass(frozen=True, slots=True)
class Match:
    """What a path stands for.

    Attributes:
        kind: Who handles it.
        route: The template, from a closed set, for metrics and records.
        endpoint: The operation asked for, on the data plane.
        provider: The path's prefix, on the data plane.
        plugin_route: The plugin's route.
        rest: What follows a prefix: a model's name, or a plugin route's ``*``.
    """

    kind: Kind
    route: str
    endpoint: Endpoint | None = None
    provider: str | None = None
    plugin_route: Route | None = None
    rest: str = ""

    @property
    def dialect(self) -> Dialect | None:
        """The dialect the caller speaks, if the path tells."""
        return self.endpoint.dialect if self.endpoint else None


class PathTable:
    """Knows every path; matching one costs a dictionary look-up on the data plane.

    Args:
        routes: Those of plugins.
        api_paths: Templates of the paths FastAPI serves, such as ``/api/status``; a
            parameter can only be the last segment, or the one before it.
        providers: Names of the providers; clients probe the base URLs they are given.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        api_paths: Sequence[str],
        providers: Iterable[str] = (),
    ) -> None:
        self._exact: dict[str, Match] = {}
        for base in ("", *(f"/{name}" for name in providers)):
            template = "/{provider}" if base else ""
            self._exact[base or "/"] = Match(Kind.BASE, template or "/")
            self._exact[f"{base}/v1"] = Match(Kind.BASE, f"{template}/v1")
            for endpoint in Endpoint:
                path = f"/v1/{endpoint}"
                match = Match(Kind.MODEL, template + path, endpoint, base[1:] or None)
                self._exact[base + path] = match
        self._exact["/v1/models"] = Match(Kind.MODELS, "/v1/models")
        self._api_around: dict[tuple[str, str], Match] = {}
        for path in api_paths:
            prefix, brace, rest = path.partition("{")
            if brace:
                around = prefix, rest.partition("}")[2]
                self._api_around[around] = Match(Kind.API, path)
            else:
                self._exact.setdefault(path, Match(Kind.API, path))
        self._prefixes: list[tuple[str, Route]] = []
        for route in routes:
            if route.path.endswith("/*"):
                self._prefixes.append((route.path[:-1], route))
            else:
                self._exact[route.path] = Match(
                    Kind.PLUGIN, route.path, plugin_route=route
                )

    @property
    def templates(self) -> list[str]:
        """All paths that are known beforehand."""
        prefixes = [route.path for _, route in self._prefixes]
        prefixes += [match.route for match in self._api_around.values()]
        return sorted([*self._exact, *prefixes, "/v1/models/{model}"])

    def match(self, path: str) -> Match:
        """Find what a path stands for; paths nobody knows go to the API's 404."""
        found = self._exact.get(path)
        if found is not None:
            return found
        for prefix, route in self._prefixes:
            if path.startswith(prefix):
                rest = path.removeprefix(prefix)
                return Match(Kind.PLUGIN, route.path, plugin_route=route, rest=rest)
        if path.startswith("/v1/models/"):
            return Match(Kind.MODELS, "/v1/models/{model}", rest=path[11:])
        found = self._with_a_parameter(path) or self._behind_a_provider(path)
        return found or Match(Kind.API, OTHER)

    def _with_a_parameter(self, path: str) -> Match | None:
        """Match what FastAPI serves with a parameter in its path."""
        head, slash, last = path.rpartition("/")
        if last and (found := self._api_around.get((head + slash, ""))):
            return found
        prefix, between, parameter = head.rpartition("/")
        around = prefix + between, slash + last
        return self._api_around.get(around) if parameter else None

    def _behind_a_provider(self, path: str) -> Match | None:
        """Match ``/{provider}/v1/...``, whether or not the provider exists."""
        name, slash, rest = path[1:].partition("/")
        plain = self._exact.get("/" + rest) if name and slash else None
        if plain is not None and plain.kind in (Kind.MODEL, Kind.MODELS):
            route = "/{provider}" + plain.route
            return Match(plain.kind, route, plain.endpoint, name)
        if slash and rest.startswith("v1/models/"):
            route = "/{provider}/v1/models/{model}"
            return Match(Kind.MODELS, route, provider=name, rest=rest[10:])
        return None


@dataclass(frozen=True, slots=True)
class Target:
    """Who answers.

    Attributes:
        provider: The provider.
        model: What it is asked for, in its own words.
    """

    provider: Provider
    model: str

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from others."""
        return self.provider.name, self.model

    def is_like(self, pattern: str) -> bool:
        """Compare the model with a pattern, alone and with the provider before it."""
        return fnmatchcase(self.model, pattern) or fnmatchcase(str(self), pattern)

    def __str__(self) -> str:
        return f"{self.provider.name}/{self.model}"


class ModelTable:
    """Picks a provider for a model's name.

    In this order: the path's prefix; a prefix of the name, as in ``codex/gpt-5.5``;
    the routes of the settings; names that begin with ``sandbox-``; the default
    provider. Without a default it is the first provider, by name, that has a login and
    speaks the dialect; only when none has a login is it the sandbox.

    Args:
        providers: By name.
        routes: Pattern and targets, the first match wins.
        default: Name of the default provider.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        routes: Sequence[tuple[str, Sequence[str]]] = (),
        default: str | None = None,
    ) -> None:
        self.providers = providers
        self._routes = routes
        self.default = default

    def targets(self, match: Match, model: str) -> Sequence[Target]:
        """Pick the provider and the model's name there, and those to ask in its place.

        Raises:
            UnknownProviderError: The name leads to no provider.
        """
        if match.provider is not None:
            return (Target(self.provider(match.provider), model),)
        name, slash, rest = model.partition("/")
        if slash and rest and name in self.providers:
            return (Target(self.providers[name], rest),)
        for pattern, names in self._routes:
            if fnmatchcase(model, pattern):
                return [self._named(to, model) for to in names]
        return (Target(self._without_a_route(match, model), model),)

    def target(self, match: Match, model: str) -> Target:
        """Pick the first of the targets; see ``targets``."""
        return self.targets(match, model)[0]

    def provider(self, name: str) -> Provider:
        """Find a provider by name.

        Raises:
            UnknownProviderError: There is none.
        """
        found = self.providers.get(name)
        if found is None:
            known = ", ".join(sorted(self.providers)) or "none"
            piece = next((each for each in PIECES if each.plugin == name), None)
            hint = f"There are: {known}."
            if piece is not None:
                hint += f" For this one: pip install {piece.wheel}"
            if name == "v1":
                hint = "The base URL of Anthropic clients has no /v1 at its end."
            msg = f"There is no provider {name!r}."
            raise UnknownProviderError(msg, hint=hint)
        return found

    def _named(self, to: str, model: str) -> Target:
        name, _, other = to.partition("/")
        return Target(self.provider(name), other or model)

    def _without_a_route(self, match: Match, model: str) -> Provider:
        if model.startswith(f"{SANDBOX}-") and SANDBOX in self.providers:
            return self.providers[SANDBOX]
        if self.default is not None:
            return self.provider(self.default)
        usable = [
            provider
            for name, provider in sorted(self.providers.items())
            if name != SANDBOX and login_of(provider).usable
        ]
        speaking = [each for each in usable if match.endpoint in each.urls]
        for provider in speaking or usable:
            return provider
        if SANDBOX in self.providers:
            return self.providers[SANDBOX]
        msg = "No provider has a login."
        raise UnknownProviderError(msg, hint="'ccproxy status' tells what each needs.")
