"""What commands are told of a gateway that they ask."""

import httpx
import pytest

from ccproxy.cli.client import GatewayClient, Target
from ccproxy.errors import UpstreamTimeoutError

pytestmark = pytest.mark.unit


async def test_a_gateway_that_is_silent_is_not_taken_for_none() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(silent)) as http:
        client = GatewayClient(http, Target("http://127.0.0.1:8000"))
        with pytest.raises(UpstreamTimeoutError, match="has said nothing for 30 s"):
            await client.summary()
