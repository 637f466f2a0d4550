"""How the server process starts, stops, and says what is wrong."""

import asyncio
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import aiohttp
import httpx
import orjson
import pytest

from ccproxy.errors import StorageError
from ccproxy.storage.query import answer_to_query
from fakes.forked import run_program
from fakes.process import (
    TOKEN,
    Server,
    answering,
    clean_environ,
    command,
    free_port,
    serving,
    wait_for_nobody,
)
from fakes.vendor import Vendor

pytestmark = pytest.mark.e2e

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
AUTH = {"authorization": f"Bearer {TOKEN}"}


def run(
    home: Path, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    return run_program(arguments, clean_environ(home) | environ, home)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_the_banner_tells_where_and_its_calls_work(sandbox: Server) -> None:
    assert sandbox.process.stdout is not None
    lines: list[str] = []
    while "Stop with Ctrl-C." not in lines:
        line = await asyncio.to_thread(sandbox.process.stdout.readline)
        lines.append(line.rstrip("\n"))
    text = "\n".join(lines)
    assert f"is running on {sandbox.url}" in text
    assert "sandbox      not-needed" in text
    assert "missing      no API key" in text
    calls = [line.strip() for line in lines if line.strip().startswith("curl ")]
    assert len(calls) == 3
    for call in calls:
        done = await asyncio.to_thread(
            subprocess.run, shlex.split(call), capture_output=True, check=True
        )
        assert b"hello" in done.stdout
        assert "error" not in orjson.loads(done.stdout) or (
            orjson.loads(done.stdout)["error"] is None
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_stops_it_well(sandbox: Server, number: signal.Signals) -> None:
    assert await asyncio.to_thread(sandbox.stop, number) == 0
    assert "Traceback" not in sandbox.log.read_text()


async def test_open_streams_may_finish_within_the_grace_period(
    server: Server, fake: Vendor
) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers=AUTH) as client:
        body = {**CHAT, "model": "slow", "stream": True}
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            server.process.send_signal(signal.SIGTERM)
            whole = b""
            fake.go.set()
            async for chunk in answer.aiter_raw():
                whole += chunk
                fake.go.set()
    assert whole.endswith(b"data: [DONE]\n\n")
    assert await asyncio.to_thread(server.process.wait, 20) == 0


async def test_streams_open_after_the_grace_period_get_a_terminal_event(
    settings_file: Path, tmp_path: Path, fake: Vendor
) -> None:
    async with serving(
        tmp_path, "--config", str(settings_file), "--set", "server.grace_seconds=0.3"
    ) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=AUTH) as client:
            body = {**CHAT, "model": "slow", "stream": True}
            async with client.stream(
                "POST", "/v1/chat/completions", json=body
            ) as answer:
                fake.go.set()
                chunks = answer.aiter_raw()
                await anext(chunks)
                server.process.send_signal(signal.SIGTERM)
                last = b"".join([chunk async for chunk in chunks])
        assert b'"code":"shutting_down"' in last
        assert b"[DONE]" not in last
        assert await asyncio.to_thread(server.process.wait, 20) == 0
        assert "Traceback" not in server.log.read_text()


async def test_workers_and_options_reach_the_app(tmp_path: Path) -> None:
    """What ``serve`` is told holds in every worker, until the terminal closes."""
    async with serving(
        tmp_path,
        *("--workers", "2", "--log-level", "warning"),
        *("--set", 'security.client_tokens=["from the command line"]'),
    ) as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            token = {"x-api-key": "from the command line"}
            for _ in range(12):
                async with httpx.AsyncClient(base_url=server.url) as fresh:
                    assert (await fresh.get("/api/status")).status_code == 401
                    answer = await fresh.get("/api/status", headers=token)
                    assert answer.status_code == 200
            assert (await client.get("/health/ready")).status_code == 200
        assert await asyncio.to_thread(server.stop, signal.SIGHUP) == 0
        await asyncio.to_thread(wait_for_nobody, server.url)
        assert '"level":"info"' not in server.log.read_text()


async def test_workers_stop_with_whoever_has_started_them(tmp_path: Path) -> None:
    """They would keep the port, and nobody would know of them."""
    async with serving(tmp_path, "--workers", "2") as server:
        server.process.kill()
        await asyncio.to_thread(wait_for_nobody, server.url)


async def test_reload_serves_with_the_same_settings(tmp_path: Path) -> None:
    """And whatever it writes is private."""
    async with serving(
        tmp_path, "--reload", "--set", 'security.client_tokens=["a token"]'
    ) as server:
        assert umask(server) == "0077"
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/api/status")).status_code == 401
            answer = await client.get("/api/status", headers={"x-api-key": "a token"})
            assert answer.status_code == 200
        assert await asyncio.to_thread(server.stop) == 0


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port))
    assert done.returncode == 6
    assert done.stdout == ""
    assert done.stderr == (
        f"Error: Port {port} of 127.0.0.1 is in use by another program.\n"
        f"Stop it, or choose another port: --port {port + 1}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--config", "gone.toml"], 3, "gone.toml"),
        (["--set", "server.prot=1"], 3, "server.port"),
        (["--set", "plugins.openai.api_kye=x"], 3, "plugins.openai.api_key"),
        (["--set", "routing.default_provider=gone"], 3, "does not exist"),
        (["--host", "0.0.0.0"], 7, "security.client_tokens"),
        (
            ["--host", "203.0.113.1", "--set", 'security.client_tokens=["x"]'],
            1,
            "listen",
        ),
        (["--port", "99999"], 3, "--port"),
        (["--set", "http.ca_file=/dev/null"], 3, "http.ca_file takes a PEM file"),
        (["--frobnicate"], 2, "--frobnicate"),
    ],
)
def test_what_keeps_it_from_starting_is_said_without_a_traceback(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    if "--port" not in arguments:
        arguments = [*arguments, "--port", str(free_port())]
    done = run(tmp_path, "serve", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_say_why_they_do_not_start(tmp_path: Path) -> None:
    options = ("--port", "0", "--workers", "2", "--set", "http.ca_file=/dev/null")
    done = subprocess.run(
        command("serve", *options),
        env=clean_environ(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "http.ca_file takes a PEM file" in done.stderr
    assert "Error: A worker could not start." in done.stderr


async def test_a_broken_plugin_is_one_line_and_the_gateway_runs(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir(mode=0o700)
    (plugins / "broken.py").write_text("import nothing_of_the_kind\n")
    async with answering(tmp_path, "--set", f"plugins.directory={plugins}") as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            status = (await client.get("/api/plugins/status")).json()["plugins"]
        broken = next(each for each in status if each["name"] == "broken")
        assert (broken["state"], broken["source"]) == ("failed", "directory")
        assert "nothing_of_the_kind" in broken["reason"]
        log = server.log.read_text()
        assert log.count("nothing_of_the_kind") == 1
        assert "Traceback" not in log


async def test_nothing_secret_is_in_the_log_at_debug_level(
    settings_file: Path, tmp_path: Path, fake: Vendor
) -> None:
    async with serving(
        tmp_path, "--config", str(settings_file), "--log-level", "debug"
    ) as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            for headers in (AUTH, {"x-api-key": "wrong-but-private-" + "x" * 20}):
                await client.post("/v1/chat/completions", json=CHAT, headers=headers)
            await client.get("/api/status?api_key=in-the-query-string", headers=AUTH)
        assert await asyncio.to_thread(server.stop) == 0
        log = server.log.read_text()
        assert '"route":"/v1/chat/completions"' in log
        for secret in (TOKEN, fake.key, "wrong-but-private", "in-the-query-string"):
            assert secret not in log


async def test_ten_thousand_requests_leave_the_memory_as_it_was(
    settings_file: Path, tmp_path: Path
) -> None:
    """At rest under 110 MB; at most 10 % more after 10,000 than after 1,000.

    Each of them leaves a record.
    """
    database = f"duckdb:///{tmp_path}/data/log.duckdb"
    async with (
        serving(
            *(tmp_path, "--config", str(settings_file), "--log-level", "warning"),
            *("--set", f"storage.url={database}"),
        ) as server,
        aiohttp.ClientSession(server.url, headers=AUTH) as client,
    ):

        async def ask(times: int) -> None:
            for _ in range(times):
                body = {**CHAT, "model": "sandbox-echo"}
                async with client.post("/v1/chat/completions", json=body) as answer:
                    assert b"choices" in await answer.read()

        await asyncio.gather(*(ask(125) for _ in range(8)))
        await asyncio.to_thread(wait_for_records, database, 1000)
        before = await asyncio.to_thread(settled, server, below=110)
        await asyncio.gather(*(ask(1125) for _ in range(8)))
        await asyncio.to_thread(wait_for_records, database, 10_000)
        await asyncio.to_thread(settled, server, below=before * 1.1)
        assert await asyncio.to_thread(server.stop) == 0
    assert records(database) == 10_000


def wait_for_records(database: str, number: int) -> None:
    deadline = time.monotonic() + 30
    while records(database) < number:
        assert time.monotonic() < deadline, f"there are {records(database)} records"
        time.sleep(0.25)  # another process writes them; it can only be looked again


def records(database: str) -> int:
    try:
        answer = answer_to_query(database, "SELECT count(*) FROM request_records")
    except StorageError:
        return 0  # there is no such table yet
    ((count,),) = answer.rows
    assert isinstance(count, int)
    return count


def settled(server: Server, *, below: float) -> float:
    """Resident memory in MB, once what the last batch took has been given back."""
    deadline = time.monotonic() + 5
    while (now := resident(server)) >= below and time.monotonic() < deadline:
        time.sleep(0.05)  # the same
    assert now < below
    return now


def umask(server: Server) -> str:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return status.partition("Umask:")[2].split()[0]


def resident(server: Server) -> float:
    """Resident memory of the server process, in MB."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6
