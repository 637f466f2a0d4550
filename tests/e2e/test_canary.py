"""A hundred secrets, planted wherever one can be, and none of them comes out."""

import asyncio
import json
import shlex
import shutil
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

import duckdb
import httpx
import orjson
import pytest
from aiohttp import web

from ccproxy.security.sanitizer import mask_token
from fakes.forked import run_program
from fakes.process import Server, clean_environ, serving
from fakes.secrets import KINDS, Planted, a_hundred

pytestmark = pytest.mark.e2e

CANARIES = a_hundred(seed=5)
TEXTS = [canary.text for canary in CANARIES]
ALL = "\n".join(TEXTS)
FAILING = ("gone", "raise", "refuse")
"""Models that bring no answer of the upstream's own."""
LONGEST_NAME = 256
"""Characters of a model's name; whoever asks with a longer one is refused."""
SPOKEN = "How are you?"
"""Said beside the secrets, to know what was captured."""
SAID = f"{SPOKEN}\n{ALL}"
TOLD_BY_CLIENTS = (
    *("session", "client_version", "repository", "branch", "worktree"),
    *("model_requested", "reason"),
)
"""Columns of records in which secrets were put."""
COMMANDS = {
    "json": (
        *("config show --json", "plugins status --json", "status", "doctor"),
        *("auth profile --json", "auth profile canary"),
        *("requests list --json", "cost --by session --json"),
    ),
    "console": (
        *("config show", "plugins list", "status --json", "doctor --json"),
        *("auth profile --refresh", "config validate"),
        *("requests list", "cost --by branch", "sql 'FROM request_records'"),
    ),
}


@dataclass
class World:
    """What runs, and what it has said.

    Attributes:
        own: Answers to the person about their own accounts; addresses may be in them.
        other: All else that the gateway has said by itself.
        asked: Ids of the requests to models.
    """

    style: str
    server: Server
    options: list[str]
    environ: dict[str, str]
    home: Path
    token: str
    own: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def tell(self, answer: httpx.Response, *, own: bool = False) -> None:
        text = f"{answer.headers} {answer.text}"
        (self.own if own else self.other).append(text)


@asynccontextmanager
async def leaky_upstream() -> AsyncIterator[str]:
    """An upstream that fails, and says all it knows."""

    async def answer(request: web.Request) -> web.StreamResponse:
        model = orjson.loads(await request.read()).get("model")
        if model == "status":
            return web.json_response({"error": {"message": ALL}}, status=400)
        if model == "pieces":
            return web.Response(body=in_pieces(), content_type="text/event-stream")
        if model == "gone" and request.transport is not None:
            request.transport.abort()
        event = {"type": "error", "message": ALL, "error": {"message": ALL}}
        return web.Response(
            body=b"event: error\ndata: " + orjson.dumps(event) + b"\n\n",
            content_type="text/event-stream",
        )

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def in_pieces() -> bytes:
    """A stream whose events have no secret in them, which together they have."""
    pieces = (ALL[at : at + 5] for at in range(0, len(ALL), 5))
    choices = ({"index": 0, "delta": {"content": piece}} for piece in pieces)
    events = (orjson.dumps({"choices": [choice]}) for choice in choices)
    return b"".join(b"data: %b\n\n" % event for event in events)


@pytest.fixture(params=["json", "console"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """The real program, with secrets in its settings and in its plugins."""
    plugins = tmp_path / "plugins"
    plugins.mkdir(mode=0o700)
    shutil.copy(Path(__file__).with_name("canary_plugin.py"), plugins / "canary.py")
    broken = "from pathlib import Path\nimport os\n"
    broken += "raise ImportError(Path(os.environ['CANARY_SECRETS']).read_text())\n"
    (plugins / "broken.py").write_text(broken)
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps(TEXTS))
    token = next(each.text for each in CANARIES if each.kind == "OpenAI session")
    async with leaky_upstream() as upstream:
        settings = tmp_path / "settings.toml"
        settings.write_text(
            f"""
            logging = {{ level = "debug", format = "{request.param}" }}
            capture.providers = ["canary"]
            security.client_tokens = [{json.dumps(token)}]
            plugins.directory = "{plugins}"
            [plugins.openai]
            api_key = {json.dumps(CANARIES[0].text)}
            base_url = "{upstream}"
            instances.other = {{ base_url = "{upstream}", api_key = "{token}" }}
            [plugins.canary]
            upstream = "{upstream}"
            password = {json.dumps(CANARIES[1].parts[0])}
            words = {json.dumps(TEXTS)}
            """
        )
        environ = {"CANARY_SECRETS": str(secrets)}
        options = ["--config", str(settings)]
        async with serving(tmp_path, *options, environ=environ) as server:
            environ |= clean_environ(tmp_path) | {
                "CCPROXY_SERVER__PORT": server.url.rpartition(":")[2]
            }
            yield World(request.param, server, options, environ, tmp_path, token)


async def test_no_secret_comes_out_anywhere(world: World) -> None:
    """What the upstream answers is relayed as it is: that is the client's, not ours."""
    once = httpx.Limits(max_keepalive_connections=0)  # a failure closes a connection
    async with httpx.AsyncClient(base_url=world.server.url, limits=once) as client:
        await ask_models_and_listen(client, world)
        await ask_for_what_is_not_there(client, world)
        await ask_the_api(client, world)
        await ask_what_was_said(client, world)
    shown = f"requests show {world.asked[0]} --bodies"
    for command in (*COMMANDS[world.style], shown, f"{shown} --json"):
        arguments = [*shlex.split(command), *world.options]
        done = await asyncio.to_thread(
            run_program, arguments, world.environ, world.home
        )
        assert "program_ended" not in done.stderr
        world.own.append(done.stdout + done.stderr)
    assert await asyncio.to_thread(world.server.stop) == 0
    assert world.server.process.stdout is not None
    world.own.append(world.server.process.stdout.read())
    log = world.server.log.read_text()
    kept = stored(world.home)

    assert leaks("\n".join([log, *world.other]), CANARIES) == []
    known = [each for each in CANARIES if each.kind != "address"]
    assert leaks("\n".join(world.own), known) == []
    assert leaks(kept, CANARIES) == []
    # All of them were there: each has left its mark.
    marks = [mask_token(each.text) for each in CANARIES if each.text in each.parts]
    assert len(marks) > 80
    assert [mark for mark in marks if mark not in log] == []
    assert marks[0] in "".join(world.other)
    assert marks[0] in "".join(world.own)
    assert "forgotten ***" in kept
    texts = captured(world.home)
    for said in ("".join(texts), "".join(map(in_one, texts))):
        assert leaks(said, CANARIES) == []
        assert [mark for mark in marks if mark not in said] == []
    assert SPOKEN in "".join(texts)
    assert SPOKEN in "".join(world.other)


async def ask_models_and_listen(client: httpx.AsyncClient, world: World) -> None:
    """Ask for models, and hear of each request as it ends."""
    token = {"x-api-key": world.token}
    async with client.stream("GET", "/api/events", headers=token) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        await ask_models(client, world)
        heard = 0
        while heard < len(world.asked):
            line = await anext(lines)
            heard += line == "event: request"
            world.other.append(line)
        world.other.append(await anext(lines))


async def ask_models(client: httpx.AsyncClient, world: World) -> None:
    """Ask for models that fail in all ways, with secrets in all places."""
    secrets = cycle(CANARIES)
    names = (each.text for each in secrets if len(each.text) <= LONGEST_NAME)
    models = ("status", "event", "pieces", "gone", "raise", "refuse")
    for path in ("chat/completions", "messages", "responses"):
        for model in (*models, next(names)):
            for stream in (True, False):
                answer = await client.post(
                    f"/canary/v1/{path}",
                    params={"api_key": next(secrets).text, "x": next(secrets).text},
                    headers={
                        "authorization": f"Bearer {world.token}",
                        "cookie": f"a={one_line(next(secrets))}",
                        "x-any": one_line(next(secrets)),
                        "x-request-id": one_line(next(secrets)),
                        **told_of_the_client(secrets),
                    },
                    json={"model": model, "stream": stream, "input": SAID},
                )
                world.asked.append(answer.headers["x-ccproxy-request-id"])
                is_relayed = model in ("status", "pieces") or (
                    stream and model not in FAILING
                )
                if not is_relayed:
                    world.tell(answer)


def told_of_the_client(secrets: Iterator[Planted]) -> dict[str, str]:
    """Headers of which the request log keeps what they say."""
    return {
        "user-agent": f"curl/{one_line(next(secrets))}",
        "session-id": one_line(next(secrets)),
        **{
            f"x-ccproxy-{name}": quote(one_line(next(secrets)))
            for name in ("repository", "branch", "worktree")
        },
    }


async def ask_for_what_is_not_there(client: httpx.AsyncClient, world: World) -> None:
    """Make the gateway quote what it was asked."""
    for canary in CANARIES[: len(KINDS)]:
        secret = one_line(canary)
        token = {"x-api-key": world.token}
        for path in ("/", "/v1/models/", "/api/profile/", "/openai/v1/models/"):
            world.tell(await client.get(path + secret.strip("/"), headers=token))
        world.tell(
            await client.post("/v1/responses", content=canary.text, headers=token)
        )
        for headers in (
            {"authorization": f"Bearer {secret}"},
            {"host": secret, **token},
            {"origin": secret, **token},
        ):
            world.tell(await client.get("/api/status", headers=headers))
    for path in ("/canary/route", "/canary/middleware"):
        world.tell(await client.get(path, headers={"x-api-key": world.token}))


async def ask_the_api(client: httpx.AsyncClient, world: World) -> None:
    token = {"x-api-key": world.token}
    for path in (
        *("/api/status", "/api/plugins/status", "/api/providers", "/api/profile"),
        *("/api/profile?refresh=true", "/v1/models", "/metrics", "/api/openapi.json"),
    ):
        answer = await client.get(path, headers=token)
        assert answer.status_code == 200
        world.tell(answer, own=True)
    for path in (
        *("/api/requests?limit=1000", f"/api/requests/{world.asked[0]}"),
        *(f"/api/stats?by={each}" for each in ("model", "session", "branch")),
    ):
        answer = await client.get(path, headers=token)
        assert answer.status_code == 200
        world.tell(answer)


async def ask_what_was_said(client: httpx.AsyncClient, world: World) -> None:
    for key in world.asked[::5]:
        answer = await client.get(
            f"/api/requests/{key}/bodies", headers={"x-api-key": world.token}
        )
        assert answer.status_code == 200
        world.tell(answer)


def one_line(canary: Planted) -> str:
    return canary.text.replace("\n", " ")


def stored(home: Path) -> str:
    """All bytes of the data folder, and all tables, which DuckDB may compress."""
    files = [each for each in (home / ".local").rglob("*") if each.is_file()]
    (database,) = [each for each in files if each.suffix == ".duckdb"]
    with duckdb.connect(str(database), read_only=True) as opened:
        tables = [name for (name,) in opened.sql("SHOW TABLES").fetchall()]
        rows = {name: opened.sql(f"FROM {name}").fetchall() for name in tables}
        marks = (f"bool_or({name} LIKE '%***%')" for name in TOLD_BY_CLIENTS)
        is_marked = opened.sql(f"SELECT {', '.join(marks)} FROM request_records")
        assert is_marked.fetchall() == [(True,) * len(TOLD_BY_CLIENTS)]
    assert rows["profiles"]
    return repr(rows) + "".join(each.read_bytes().decode("latin-1") for each in files)


def captured(home: Path) -> list[str]:
    """All that was said to models, and that they have answered."""
    (database,) = (home / ".local").rglob("*.duckdb")
    with duckdb.connect(str(database), read_only=True) as opened:
        rows = opened.sql("SELECT request, answer FROM request_bodies").fetchall()
    return [zlib.decompress(body).decode() for row in rows for body in row]


def in_one(stream: str) -> str:
    """Put a stream's pieces together, as a client would."""
    lines = (line.removeprefix("data: ") for line in stream.split("\n"))
    events = (orjson.loads(line) for line in lines if line.startswith('{"choices":'))
    choices = (choice for event in events for choice in event["choices"])
    return "".join(choice.get("delta", {}).get("content", "") for choice in choices)


def leaks(text: str, canaries: list[Planted]) -> list[str]:
    """Name what got out, with where it did."""
    return [
        f"{canary.kind}: …{text[max(0, at - 80) : at + 40]}…"
        for canary in canaries
        for part in canary.parts
        if (at := text.find(part)) >= 0
    ]
