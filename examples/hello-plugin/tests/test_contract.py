"""The plugin keeps the contract of all plugins, and does what its README says."""

from collections.abc import Sequence

from ccproxy.sdk import UpstreamRequest
from ccproxy.testing import PluginContract, gateway
from hello_plugin import HelloPlugin


class TestHelloPlugin(PluginContract):
    """What every plugin must hold to."""

    plugin = HelloPlugin


class Answer:
    """An upstream's answer of one piece."""

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.headers: Sequence[tuple[bytes, bytes]] = [
            (b"content-type", b"application/json")
        ]
        self._pieces = [body, b""]

    async def chunk(self) -> bytes:
        """Return the body, then nothing."""
        return self._pieces.pop(0)

    def close(self) -> None:
        """Nothing is open."""


class FakeUpstream:
    """Stands in for the network, and notes where requests would go."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def send(self, request: UpstreamRequest) -> Answer:
        """Answer each request alike."""
        self.urls.append(request.url)
        return Answer(b'{"object":"chat.completion","choices":[]}')


async def test_answers_are_forwarded_marked_and_counted() -> None:
    """A request goes to the upstream of the settings, and is counted."""
    upstream = FakeUpstream()
    settings = {"plugins": {"hello": {"upstream": "http://upstream.test/v1"}}}
    async with gateway(HelloPlugin, settings=settings, upstream=upstream) as running:
        body = {"model": "any", "messages": [{"role": "user", "content": "hi"}]}
        answer = await running.client.post("/hello/v1/chat/completions", json=body)
        told = await running.client.get("/hello")
    assert answer.json() == {"object": "chat.completion", "choices": []}
    assert answer.headers["x-hello"] == "1"
    assert upstream.urls == ["http://upstream.test/v1/chat/completions"]
    assert told.text == "1 answered\n"
