"""What is said where no gateway answers."""

import httpx
import pytest

from ccproxy.cli.client import GatewayClient, Target
from ccproxy.config import Settings
from ccproxy.errors import UpstreamConnectError, UpstreamTimeoutError

pytestmark = pytest.mark.unit

HERE = "Start one: ccproxy serve"
ELSEWHERE = "See whether it runs there, and whether this is its address."


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        (None, HERE),
        ("http://127.0.0.1:1", HERE),
        ("http://localhost:1/", HERE),
        ("http://[::1]:1", HERE),
        ("https://gateway.example", ELSEWHERE),
        ("http://192.0.2.1:8000", ELSEWHERE),
    ],
)
async def test_one_is_to_be_started_only_on_this_machine(
    url: str | None, hint: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(_refuse)) as http:
        gateway = GatewayClient(http, Target.of(Settings(), url))
        with pytest.raises(UpstreamConnectError) as caught:
            await gateway.summary()
    assert caught.value.hint == hint


async def test_what_answers_elsewhere_is_not_to_be_stopped_here() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="hi"))
    async with httpx.AsyncClient(transport=transport) as http:
        gateway = GatewayClient(http, Target.of(Settings(), "http://gateway.example"))
        with pytest.raises(UpstreamConnectError, match="is not ccproxy") as caught:
            await gateway.summary()
    assert caught.value.hint == ELSEWHERE


async def test_a_gateway_that_is_silent_is_not_taken_for_none() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(silent)) as http:
        client = GatewayClient(http, Target("http://127.0.0.1:8000"))
        with pytest.raises(UpstreamTimeoutError, match="has said nothing for 30 s"):
            await client.summary()
