"""Plugins come to life in order, and each one's failures stay its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog

from ccproxy.config import Layer, Layers, load
from ccproxy.errors import ConfigError, CredentialError, PluginError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Event, PluginFailed, PluginStarted
from ccproxy.loader import manager as manager_module
from ccproxy.loader.discovery import Found
from ccproxy.loader.manager import PluginManager
from ccproxy.loader.status import PluginState, PluginStatus
from ccproxy.sdk import (
    ASGIApp,
    Contributions,
    Endpoint,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    Provider,
    Request,
    Response,
    Route,
)
from fakes.context import context as plugin_context

pytestmark = pytest.mark.unit


class Recorder:
    """Makes plugins that write down what happens to them."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def make(
        self,
        name: str,
        *,
        requires: tuple[str, ...] = (),
        provides: tuple[str, ...] = (),
        setup: Callable[[Contributions], None] = lambda _: None,
        fails: str = "",
    ) -> Found:
        log = self.log

        class Made(Plugin[PluginConfig]):
            manifest = Manifest(name, "1.0", provides, requires)

            def setup(self, add: Contributions) -> None:
                note("setup")
                setup(add)

            async def start(self, ctx: PluginContext) -> None:
                del ctx
                note("start")

            async def stop(self) -> None:
                note("stop")

        def note(what: str) -> None:
            log.append(f"{what} {name}")
            if fails == what:
                message = f"{what} went wrong"
                raise ValueError(message)

        def import_it() -> type[Plugin[PluginConfig]]:
            if fails == "import":
                message = "no module of the name"
                raise ImportError(message)
            return Made

        return Found(name, "entry-point", "test 1.0", import_it)


class World:
    """A manager, its bus, and what was published."""

    def __init__(self, found: list[Found], **settings: object) -> None:
        layers = Layers(None, (Layer("test", settings, strict=True),))
        self.bus = HookBus()
        self.events: list[Event] = []
        self.bus.subscribe("test", PluginStarted, self.events.append)
        self.bus.subscribe("test", PluginFailed, self.events.append)
        self.manager = PluginManager(found, load(layers), layers)

    async def live(self) -> dict[str, PluginStatus]:
        """Load, start and stop; tell how it was in between."""
        with structlog.testing.capture_logs():
            self.manager.load()
            async with httpx.AsyncClient() as http:
                await self.manager.start(plugin_context(http), self.bus)
                status = self.status()
                await self.manager.stop()
        return status

    def status(self) -> dict[str, PluginStatus]:
        return {each.name: each for each in self.manager.status().plugins}


async def test_plugins_start_in_order_and_stop_in_reverse() -> None:
    made = Recorder()
    found = [made.make("a", requires=("thing",)), made.make("b", provides=("thing",))]
    world = World(found)
    status = await world.live()
    assert made.log == [
        *("setup b", "setup a"),
        *("start b", "start a"),
        *("stop a", "stop b"),
    ]
    assert {name: each.order for name, each in status.items()} == {"b": 0, "a": 1}
    assert all(each.state is PluginState.RUNNING for each in status.values())
    assert {each.state for each in world.status().values()} == {PluginState.STOPPED}
    assert [event.name for event in world.events] == ["plugin_started"] * 2


@pytest.mark.parametrize("when", ["import", "setup", "start"])
async def test_a_failing_plugin_is_off_alone_with_its_reason(when: str) -> None:
    made = Recorder()
    world = World([made.make("bad", fails=when), made.make("good"), made.make("last")])
    status = await world.live()
    assert status["bad"].state is PluginState.FAILED
    assert (status["bad"].reason or "").startswith(f"{when} failed: ")
    assert status["good"].running
    assert status["last"].running
    failed = [event for event in world.events if isinstance(event, PluginFailed)]
    assert [event.plugin for event in failed] == ["bad"]


async def test_whoever_requires_a_failing_plugin_is_off_too() -> None:
    made = Recorder()
    found = [made.make("a", fails="start"), made.make("b", requires=("a",))]
    status = await World(found).live()
    assert status["b"].reason == "requires 'a', but who provides it failed"
    assert "start b" not in made.log


async def test_a_plugin_that_fails_to_stop_does_not_keep_others_running() -> None:
    made = Recorder()
    await World([made.make("a"), made.make("b", fails="stop")]).live()
    assert made.log[-2:] == ["stop b", "stop a"]


async def test_a_plugin_that_hangs_at_the_start_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hanging(Plugin[PluginConfig]):
        manifest = Manifest("hanging", "1")

        async def start(self, ctx: PluginContext) -> None:
            del ctx
            await asyncio.Event().wait()

    monkeypatch.setattr(manager_module, "START_TIMEOUT", 0.01)
    found = [Found("hanging", "entry-point", "test", lambda: Hanging)]
    status = await World(found).live()
    assert status["hanging"].reason == "start failed: TimeoutError"


async def test_setup_is_all_or_nothing() -> None:
    def half(add: Contributions) -> None:
        add.provider(provider("half"))
        message = "no more"
        raise RuntimeError(message)

    made = Recorder()
    world = World([made.make("a", setup=half)])
    status = await world.live()
    assert world.manager.providers == {}
    assert status["a"].contributions.providers == ()


def provider(name: str) -> Provider:
    return Provider(name=name, base_url="http://x.invalid", endpoints=[Endpoint.CHAT])


async def nobody() -> tuple[ProfileFields, ...]:
    return ()


async def answer(request: Request) -> Response:
    return Response(request.path.encode())


@pytest.mark.parametrize(
    ("add", "reason"),
    [
        (lambda add: add.provider(provider("p")), "a already adds the provider 'p'"),
        (lambda add: add.routes(Route("/p", answer)), "a already adds the route '/p'"),
        (lambda add: add.command("p", "x:y"), "a already adds the command 'p'"),
        (
            lambda add: add.profile_adapter("p", nobody),
            "a already adds the profile adapter 'p'",
        ),
    ],
)
async def test_the_second_to_add_a_name_is_off(
    add: Callable[[Contributions], None], reason: str
) -> None:
    made = Recorder()
    status = await World([made.make("a", setup=add), made.make("b", setup=add)]).live()
    assert status["a"].running
    assert status["b"].reason == reason


async def test_no_provider_takes_a_path_of_the_gateway() -> None:
    made = Recorder()
    add: Callable[[Contributions], None] = lambda add: add.provider(provider("api"))  # noqa: E731
    status = await World([made.make("a", setup=add)]).live()
    assert "a path of the gateway" in (status["a"].reason or "")


@pytest.mark.parametrize(
    ("plugins", "reasons"),
    [
        ({"disable": ["a"]}, {"a": "listed in plugins.disable", "b": None}),
        ({"enable": ["b"]}, {"a": "not listed in plugins.enable", "b": None}),
        ({"a": {"enabled": False}}, {"a": "plugins.a.enabled is false", "b": None}),
        (
            {"enable": ["a"], "disable": ["a"]},
            {"a": "listed in plugins.disable", "b": "not listed in plugins.enable"},
        ),
    ],
)
async def test_a_person_chooses_which_plugins_run(
    plugins: dict[str, object], reasons: dict[str, str | None]
) -> None:
    made = Recorder()
    status = await World([made.make("a"), made.make("b")], plugins=plugins).live()
    assert {name: each.reason for name, each in status.items()} == reasons


async def test_a_plugin_that_is_off_by_a_list_is_not_imported() -> None:
    made = Recorder()
    world = World([made.make("a", fails="import")], plugins={"disable": ["a"]})
    assert (await world.live())["a"].version is None


async def test_a_mistake_in_a_plugins_section_stops_the_gateway() -> None:
    made = Recorder()
    world = World([made.make("a")], plugins={"a": {"enbled": True}})
    with pytest.raises(ConfigError, match=r"plugins\.a\.enbled"):
        await world.live()


async def test_a_plugin_called_otherwise_than_its_entry_point_is_off() -> None:
    made = Recorder()
    found = made.make("a")
    other = Found("other", found.source, found.origin, found.load)
    status = await World([other]).live()
    assert status["other"].reason == "its manifest calls it 'a'"


async def test_no_plugin_may_be_called_as_the_core_is() -> None:
    """Its tables would be taken for the core's."""
    status = await World([Recorder().make("core")]).live()
    assert status["core"].reason == "no plugin may be called 'core': so is the core"


async def test_the_dashboard_has_a_switch_of_its_own() -> None:
    made = Recorder()
    world = World([made.make("dashboard")], dashboard={"enabled": False})
    assert (await world.live())["dashboard"].reason == "dashboard.enabled is false"


async def test_secrets_in_reasons_are_masked() -> None:
    secret = "sk-" + "proj-abcdefghijklmnopqrstuvwx"

    def leak(add: Contributions) -> None:
        del add
        raise ValueError(secret)

    made = Recorder()
    status = await World([made.make("a", setup=leak)]).live()
    assert secret not in (status["a"].reason or "")


async def test_adapters_and_migrations_are_known_by_whose_they_are() -> None:
    def add(add: Contributions) -> None:
        add.profile_adapter("vendor", nobody)
        add.migrations("a_plugin:migrations")

    made = Recorder()
    world = World([made.make("a", setup=add), made.make("b")])
    with structlog.testing.capture_logs():
        world.manager.load()
    assert world.manager.migrations == {"a": "a_plugin:migrations"}
    assert list(world.manager.profile_adapters) == ["vendor"]
    assert await world.manager.profile_adapters["vendor"]() == ()


@pytest.mark.parametrize(
    ("raised", "expected", "message"),
    [
        (CredentialError("log in"), CredentialError, "log in"),
        (KeyError("sub"), PluginError, "The plugin a is broken: profile failed"),
    ],
)
async def test_whatever_an_adapter_raises_is_an_error_of_ours(
    raised: Exception, expected: type[Exception], message: str
) -> None:
    async def whoami() -> tuple[ProfileFields, ...]:
        raise raised

    made = Recorder()
    found = made.make("a", setup=lambda add: add.profile_adapter("vendor", whoami))
    world = World([found])
    with structlog.testing.capture_logs():
        world.manager.load()
    with pytest.raises(expected, match=message):
        await world.manager.profile_adapters["vendor"]()


async def test_a_second_provider_of_a_capability_is_enough() -> None:
    """One that is off, or refused as a duplicate, fails nobody else."""
    made = Recorder()
    found = [
        made.make("a", provides=("thing",)),
        made.make("b", provides=("thing",)),
        made.make("c", requires=("thing",)),
    ]
    assert (await World(found).live())["c"].running
    status = await World(found, plugins={"a": {"enabled": False}}).live()
    assert status["b"].running
    assert status["c"].running


@pytest.mark.parametrize(
    "facts",
    [
        {"version": 1},
        {"version": "1", "provides": (5,)},
        {"version": "1", "requires": 5},
    ],
)
def test_a_manifest_of_the_wrong_shape_is_refused_where_it_is_made(
    facts: dict[str, Any],
) -> None:
    with pytest.raises((PluginError, TypeError)):
        Manifest("odd", **facts)


async def test_a_hook_on_what_is_no_event_is_refused() -> None:
    made = Recorder()
    add: Callable[[Contributions], None] = lambda add: add.hook("x", print)  # type: ignore[arg-type]  # noqa: E731
    status = await World([made.make("a", setup=add)]).live()
    assert "'x' is no event" in (status["a"].reason or "")


async def test_a_middleware_that_can_t_be_built_fails_its_plugin_alone() -> None:
    async def app(scope: object, receive: object, send: object) -> None: ...

    def wrap(inner: ASGIApp) -> ASGIApp:
        raise ZeroDivisionError(inner.__class__.__name__)

    made = Recorder()
    world = World(
        [made.make("a", setup=lambda add: add.middleware(wrap)), made.make("b")]
    )
    with structlog.testing.capture_logs():
        world.manager.load()
        assert world.manager.wrap(app) is app
    assert world.status()["a"].state is PluginState.FAILED
    assert world.status()["b"].state is PluginState.READY


@pytest.mark.parametrize("path", ["/v1/messages", "/health/live", "/"])
async def test_no_route_takes_a_path_of_the_gateway(path: str) -> None:
    made = Recorder()
    found = made.make("a", setup=lambda add: add.routes(Route(path, answer)))
    status = await World([found]).live()
    assert "is a path of the gateway" in (status["a"].reason or "")


@pytest.mark.parametrize("key", ["enable", "disable"])
def test_a_slip_in_a_list_of_plugins_stops_the_gateway(key: str) -> None:
    made = Recorder()
    world = World([made.make("openai")], plugins={key: ["opnai"]})
    with pytest.raises(ConfigError, match="Did you mean openai"):
        world.manager.load()
