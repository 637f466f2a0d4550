"""A plugin for ccproxy: one of each thing a plugin can add."""

from ccproxy.sdk import (
    ASGIApp,
    BaseUrl,
    Contributions,
    Endpoint,
    Manifest,
    Message,
    Plugin,
    PluginConfig,
    Provider,
    Receive,
    Request,
    Response,
    Route,
    Scope,
    Send,
)
from ccproxy.sdk.events import RequestCompleted


class HelloConfig(PluginConfig):
    """The section ``[plugins.hello]``."""

    upstream: BaseUrl = "http://127.0.0.1:11434/v1"
    """Where the OpenAI-compatible server is."""


class HelloPlugin(Plugin[HelloConfig]):
    """Forward to an upstream, count the answers, tell the count."""

    manifest = Manifest(
        name="hello", version="0.1.0", provides=("greeter",), config=HelloConfig
    )

    def __init__(self, config: HelloConfig) -> None:
        super().__init__(config)
        self._answered = 0

    def setup(self, add: Contributions) -> None:
        """Say what the plugin adds; nothing is opened or asked here."""
        add.provider(
            Provider(
                name="hello",
                base_url=self.config.upstream,
                endpoints=(Endpoint.CHAT,),
            )
        )
        add.hook(RequestCompleted, self._count)
        add.routes(Route("/hello", self._tell))
        add.middleware(_marked)
        add.command("hello", "hello_plugin.command:main", "Say that it is there.")

    def _count(self, event: RequestCompleted) -> None:
        if event.provider is not None:
            self._answered += 1

    async def _tell(self, request: Request) -> Response:
        del request
        return Response(f"{self._answered} answered\n".encode())


def _marked(app: ASGIApp) -> ASGIApp:
    """Add the header ``x-hello`` to each answer."""

    async def marking(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"x-hello", b"1")]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_marked)

    return marking
