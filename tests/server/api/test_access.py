"""Who may ask at all."""

import base64
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ccproxy.api.middleware.access import OPEN
from ccproxy.api.routing import PathTable
from ccproxy.dialects import Endpoint
from ccproxy.errors import ConfigError, ExposedError
from ccproxy.plugins.dashboard import DashboardPlugin
from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.testing import RunningGateway
from fakes.vendor import KEY, Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

TOKEN = "correct horse battery"
CLOSED = {"security": {"client_tokens": [TOKEN, "another one"]}}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
MESSAGES = {**CHAT, "max_tokens": 5}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


async def test_every_route_is_closed_without_a_token(start: Start) -> None:
    """Walks all there are: the API's, the data plane's and the plugins'."""
    running = await start(CLOSED, DashboardPlugin, MetricsPlugin)
    api = [
        path
        for path in running.app.container.get(PathTable).templates
        if path not in OPEN
    ]
    assert {"/", "/api/status", "/api/openapi.json", "/dashboard", "/metrics"} <= {*api}
    assert {f"/v1/{endpoint}" for endpoint in Endpoint} <= {*api}
    for path in [*api, "/nowhere", "/openai/v1/messages", "/v1/models/x"]:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
            answer = await running.client.request(method, path)
            assert answer.status_code == 401, (method, path)


async def test_health_needs_no_token(start: Start) -> None:
    running = await start(CLOSED)
    for path in sorted(OPEN):
        assert (await running.client.get(path)).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"x-api-key": TOKEN},
        {"x-api-key": "another one"},
        {"authorization": basic(TOKEN)},
        {"authorization": "Bearer other", "x-api-key": TOKEN},
    ],
)
async def test_a_token_opens(start: Start, headers: dict[str, str]) -> None:
    running = await start(CLOSED)
    answer = await running.client.get("/api/status", headers=headers)
    assert answer.status_code == 200


async def test_it_is_told_which_token_was_shown(start: Start, witness: Witness) -> None:
    running = await start(CLOSED)
    for token in (TOKEN, "another one"):
        await running.client.get("/v1/models", headers={"x-api-key": token})
    told = [each.key for each in witness.ended]
    assert told == ["client_tokens[0]", "client_tokens[1]"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": TOKEN},
        {"authorization": f"Digest {TOKEN}"},
        {"authorization": "Basic !!!"},
        {"authorization": "Bearer"},
        {"x-api-key": ""},
        {"x-api-key": TOKEN[:-1]},
        # the hash of a token is not a token
        {"x-api-key": sha256(TOKEN.encode()).hexdigest()},
    ],
)
async def test_anything_else_does_not(start: Start, headers: dict[str, str]) -> None:
    running = await start(CLOSED)
    answer = await running.client.post("/v1/messages", json=MESSAGES, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


async def test_the_gateways_token_never_goes_upstream(
    start: Start, fake: Vendor
) -> None:
    """Not even where the caller's own credential is passed through."""
    passing = {"plugins": {"anthropic": {"passthrough": True}}, **CLOSED}
    running = await start(passing)
    headers = {"authorization": f"Bearer {TOKEN}", "x-api-key": KEY}
    answer = await running.client.post("/v1/messages", json=MESSAGES, headers=headers)
    assert answer.status_code == 200
    assert "authorization" not in fake.last.headers
    assert fake.last.headers["x-api-key"] == KEY
    answer = await running.client.post(
        "/v1/messages", json=MESSAGES, headers={"x-api-key": TOKEN}
    )
    assert answer.status_code == 200
    assert TOKEN not in str(fake.last.headers)


async def test_the_callers_own_credential_passes_unchanged(
    start: Start, fake: Vendor
) -> None:
    running = await start({"plugins": {"anthropic": {"passthrough": True}}})
    fake.key = "the-callers-own"
    for headers in (
        {"authorization": "Bearer the-callers-own"},
        {"x-api-key": "the-callers-own"},
    ):
        answer = await running.client.post(
            "/v1/messages", json=MESSAGES, headers=headers
        )
        assert answer.status_code == 200
        name, value = next(iter(headers.items()))
        assert fake.last.headers[name] == value


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8000", 403),
        ("192.168.1.5", 403),
        ("[::1].evil.example", 403),
        ("", 403),
    ],
)
async def test_a_rebound_host_name_is_refused(
    running: RunningGateway, host: str, status: int
) -> None:
    answer = await running.client.get("/health/live", headers={"host": host})
    assert answer.status_code == status


async def test_more_host_names_can_be_allowed(start: Start) -> None:
    running = await start({"security": {"allowed_hosts": ["gateway.lan"]}})
    answer = await running.client.get(
        "/health/live", headers={"host": "Gateway.lan:8000"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1"]
)
async def test_a_page_of_another_origin_is_refused(
    running: RunningGateway, origin: str
) -> None:
    answer = await running.client.post(
        "/v1/chat/completions", json=CHAT, headers={"origin": origin}
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_the_gateways_own_page_may_ask(running: RunningGateway) -> None:
    answer = await running.client.get("/api/status", headers={"origin": running.url})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_an_allowed_origin_may_ask_and_read(start: Start) -> None:
    running = await start({"security": {"allowed_origins": ["https://app.example"]}})
    headers = {"origin": "https://app.example"}
    preflight = await running.client.options("/v1/chat/completions", headers=headers)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    answer = await running.client.post(
        "/v1/chat/completions", json=CHAT, headers=headers
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


async def test_an_allowed_origin_may_read_errors_too(start: Start) -> None:
    running = await start({"security": {"allowed_origins": ["https://app.example"]}})
    for path in ("/nowhere", "/gone/v1/chat/completions"):
        answer = await running.client.post(
            path, json=CHAT, headers={"origin": "https://app.example"}
        )
        assert answer.status_code == 404
        assert answer.headers["access-control-allow-origin"] == "https://app.example"


async def test_the_address_it_listens_on_is_a_good_host(start: Start) -> None:
    running = await start({"server": {"host": "127.0.0.2"}})
    assert (await running.client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gateway.lan"])
async def test_beyond_loopback_a_token_is_needed(start: Start, host: str) -> None:
    with pytest.raises(ExposedError, match=r"security\.client_tokens"):
        await start({"server": {"host": host}})


async def test_beyond_loopback_addresses_are_fine_as_hosts_and_names_are_not(
    start: Start,
) -> None:
    running = await start({"server": {"host": "0.0.0.0"}, **CLOSED})
    for host, status in (("192.168.1.5:8000", 200), ("evil.example", 403)):
        answer = await running.client.get("/health/live", headers={"host": host})
        assert answer.status_code == status


async def test_tokens_can_come_from_a_file(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"{TOKEN}\n\n")
    running = await start({"security": {"client_tokens_file": str(file)}})
    assert (await running.client.get("/api/status")).status_code == 401
    answer = await running.client.get("/api/status", headers={"x-api-key": TOKEN})
    assert answer.status_code == 200
    file.write_text("\n")
    with pytest.raises(ConfigError, match="holds no token"):
        await start({"security": {"client_tokens_file": str(file)}})
    with pytest.raises(ConfigError, match="can't be read"):
        await start({"security": {"client_tokens_file": str(tmp_path / "gone")}})


async def test_the_path_is_the_scopes_whatever_the_headers_say(start: Start) -> None:
    """A Host or target that smuggles an open path does not open a closed one."""
    running = await start(CLOSED)
    for headers in (
        {"x-original-url": "/health/live"},
        {"x-rewrite-url": "/health/live"},
        {"x-forwarded-prefix": "/health/live"},
    ):
        answer = await running.client.get("/api/status", headers=headers)
        assert answer.status_code == 401
    for path in ("/health/live/../../api/status", "//health/live", "/health/live%2f"):
        async with httpx.AsyncClient() as client:
            answer = await client.get(running.url + path)
        assert answer.status_code == 401
