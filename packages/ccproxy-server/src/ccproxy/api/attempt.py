"""One choice being asked, and its answer on the way to the client."""

from dataclasses import dataclass
from time import monotonic

from ccproxy.api.choice import Choice
from ccproxy.api.exchange import Exchange
from ccproxy.api.relay import Relay
from ccproxy.api.signing import signed_and_sent
from ccproxy.sdk import Upstream, UpstreamRequest, UpstreamResponse


@dataclass(slots=True)
class Attempt:
    """What a choice is asked, and what passes its answer on.

    Attributes:
        exchange: The request's facts.
        choice: Who is asked.
        request: What; shaped and signed by ``ask``.
        relay: Passes the answer on.
    """

    exchange: Exchange
    choice: Choice
    request: UpstreamRequest
    relay: Relay

    async def ask(self, network: Upstream) -> UpstreamResponse:
        """Ask, and return when the head of the answer has come.

        Args:
            network: Who answers for providers without an upstream of their own.

        Raises:
            CredentialError: There is no usable login.
            UpstreamError: No answer came.
        """
        await self.choice.provider.prepare(self.request)
        # The provider may know it by another name.
        self.exchange.model = self.request.model
        self.exchange.asked_at = monotonic()
        return await signed_and_sent(self.choice, self.request, network)

    def is_stream(self, response: UpstreamResponse) -> bool:
        """Tell an upstream that answers JSON, or compressed, although nobody asked so.

        A missing content type says nothing: the Codex backend streams without one.
        """
        if response.status >= 400 or self.request.stream is False:
            return False
        headers = dict(response.headers)
        is_json = headers.get(b"content-type", b"").startswith(b"application/json")
        plain = headers.get(b"content-encoding", b"identity") == b"identity"
        return plain and not is_json

    async def pass_on(self, response: UpstreamResponse) -> None:
        """Give the client the answer.

        Raises:
            UpstreamError: It broke off, and nothing of it has been sent.
        """
        try:
            if not self.is_stream(response):
                await self.relay.plain(response)
            elif not self.exchange.streaming:
                await self.relay.collected(response)  # the provider only streams
            else:
                await self.relay.stream(response)
        finally:
            response.close()
