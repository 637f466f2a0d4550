"""Where a request goes."""

import pytest

from ccproxy.api.routing import Kind, Match, ModelTable, PathTable
from ccproxy.dialects import Dialect, Endpoint
from ccproxy.errors import UnknownProviderError
from ccproxy.sdk import (
    LoginState,
    LoginStatus,
    NoCredential,
    Provider,
    Request,
    Response,
    Route,
)

pytestmark = pytest.mark.unit

MESSAGES = [Endpoint.MESSAGES, Endpoint.COUNT_TOKENS]
CHAT = [Endpoint.CHAT, Endpoint.RESPONSES]


async def answer(request: Request) -> Response:
    return Response(request.path.encode())


OF_ONE = ("/api/things/{id}", "/api/things/{id}/parts")
TABLE = PathTable(
    [Route("/page", answer), Route("/files/*", answer)],
    ["/", "/api/status", *OF_ONE],
    ["a"],
)


@pytest.mark.parametrize(
    ("path", "kind", "route", "provider", "rest"),
    [
        ("/v1/messages", Kind.MODEL, "/v1/messages", None, ""),
        ("/a/v1/responses", Kind.MODEL, "/{provider}/v1/responses", "a", ""),
        ("/v1/models", Kind.MODELS, "/v1/models", None, ""),
        ("/v1/models/a/b", Kind.MODELS, "/v1/models/{model}", None, "a/b"),
        ("/a/v1/models", Kind.MODELS, "/{provider}/v1/models", "a", ""),
        ("/a/v1/models/m", Kind.MODELS, "/{provider}/v1/models/{model}", "a", "m"),
        ("/", Kind.BASE, "/", None, ""),
        ("/v1", Kind.BASE, "/v1", None, ""),
        ("/a", Kind.BASE, "/{provider}", None, ""),
        ("/a/v1", Kind.BASE, "/{provider}/v1", None, ""),
        ("/b", Kind.API, "other", None, ""),
        ("/page", Kind.PLUGIN, "/page", None, ""),
        ("/files/x/y.js", Kind.PLUGIN, "/files/*", None, "x/y.js"),
        ("/api/status", Kind.API, "/api/status", None, ""),
        ("/api/things/x", Kind.API, "/api/things/{id}", None, ""),
        ("/api/things/x/parts", Kind.API, "/api/things/{id}/parts", None, ""),
        ("/api/things/", Kind.API, "other", None, ""),
        ("/api/things//parts", Kind.API, "other", None, ""),
        ("/api/things/x/", Kind.API, "other", None, ""),
        ("/api/things/x/parts/y", Kind.API, "other", None, ""),
        ("/a/api/status", Kind.API, "other", None, ""),
        ("/a/b/v1/messages", Kind.API, "other", None, ""),
        ("//v1/messages", Kind.API, "other", None, ""),
        ("/v1/nothing", Kind.API, "other", None, ""),
        ("", Kind.API, "other", None, ""),
    ],
)
def test_a_path_stands_for(
    path: str, kind: Kind, route: str, provider: str | None, rest: str
) -> None:
    match = TABLE.match(path)
    found = (match.kind, match.route, match.provider, match.rest)
    assert found == (kind, route, provider, rest)


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_a_data_path_tells_the_dialect(endpoint: Endpoint) -> None:
    match = TABLE.match(f"/v1/{endpoint}")
    assert match.endpoint is endpoint
    assert match.dialect is endpoint.dialect
    assert match.dialect in Dialect


class NoLogin(NoCredential):
    """A credential that is missing."""

    def status(self) -> LoginStatus:
        return LoginStatus(LoginState.MISSING, "no key")


def provider(name: str, endpoints: list[Endpoint], *, login: bool) -> Provider:
    return Provider(
        name=name,
        base_url="http://x.invalid",
        endpoints=endpoints,
        auth=NoCredential() if login else NoLogin(),
    )


def models(
    *,
    routes: tuple[tuple[str, tuple[str, ...]], ...] = (),
    default: str | None = None,
    without: tuple[str, ...] = (),
) -> ModelTable:
    providers = {
        "anthropic": provider("anthropic", MESSAGES, login="anthropic" not in without),
        "openai": provider("openai", CHAT, login="openai" not in without),
        "sandbox": provider("sandbox", [*MESSAGES, *CHAT], login=True),
    }
    return ModelTable(providers, routes, default)


def target(
    table: ModelTable, model: str, endpoint: Endpoint, prefix: str | None = None
) -> tuple[str, str]:
    found = table.target(Match(Kind.MODEL, "", endpoint, prefix), model)
    return found.provider.name, found.model


ROUTES = (
    ("gpt-*", ("openai",)),
    ("fast", ("openai/gpt-mini", "anthropic/haiku", "sandbox")),
    ("*", ("sandbox",)),
)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-5", ("openai", "gpt-5")),
        ("openai/org/model", ("openai", "org/model")),
        ("gpt-5", ("openai", "gpt-5")),
        ("fast", ("openai", "gpt-mini")),
        ("anything", ("sandbox", "anything")),
        ("org/model", ("sandbox", "org/model")),
        ("openai/", ("sandbox", "openai/")),
    ],
)
def test_names_with_a_provider_then_routes_in_order(
    model: str, expected: tuple[str, str]
) -> None:
    assert target(models(routes=ROUTES), model, Endpoint.CHAT) == expected


def test_a_route_to_several_keeps_their_order() -> None:
    found = models(routes=ROUTES).targets(Match(Kind.MODEL, "", Endpoint.CHAT), "fast")
    names = [str(each) for each in found]
    assert names == ["openai/gpt-mini", "anthropic/haiku", "sandbox/fast"]


def test_a_paths_prefix_beats_all_and_leaves_the_name_alone() -> None:
    table = models(routes=ROUTES)
    found = target(table, "sandbox/gpt-5", Endpoint.CHAT, "openai")
    assert found == ("openai", "sandbox/gpt-5")


def test_the_default_provider_gets_the_rest() -> None:
    table = models(default="anthropic")
    assert target(table, "gpt-5", Endpoint.CHAT) == ("anthropic", "gpt-5")


def test_sandbox_names_reach_the_sandbox_whatever_the_default() -> None:
    table = models(default="openai")
    assert target(table, "sandbox-echo", Endpoint.CHAT) == ("sandbox", "sandbox-echo")


def test_without_a_default_the_one_with_a_login_that_speaks_the_dialect() -> None:
    table = models()
    assert target(table, "m", Endpoint.MESSAGES)[0] == "anthropic"
    assert target(table, "m", Endpoint.RESPONSES)[0] == "openai"
    table = models(without=("openai",))
    assert target(table, "m", Endpoint.CHAT)[0] == "anthropic"


def test_with_no_login_at_all_the_sandbox_answers() -> None:
    table = models(without=("openai", "anthropic"))
    assert target(table, "gpt-5", Endpoint.CHAT) == ("sandbox", "gpt-5")


def test_an_unknown_provider_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownProviderError) as caught:
        target(models(), "m", Endpoint.CHAT, "codex")
    assert str(caught.value) == (
        "There is no provider 'codex'. There are: anthropic, openai, sandbox. "
        "For this one: pip install ccproxy-plugin-codex"
    )
