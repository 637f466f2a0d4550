"""An upstream service, as a plugin describes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx
import orjson

from ccproxy.dialects import Dialect, Endpoint
from ccproxy.errors import UpstreamError
from ccproxy.sdk.account import Account
from ccproxy.sdk.credential import Credential, LoginStatus, NoCredential
from ccproxy.sdk.upstream import Upstream, UpstreamRequest, UpstreamResponse


@dataclass(frozen=True, slots=True)
class Model:
    """A model a provider lists.

    Attributes:
        id: Its name at the provider.
        created: Unix seconds, 0 if unknown.
        display_name: A name for people; the id if there is none.
        lifecycle: ``active``, ``deprecated`` or ``retired``, as Anthropic calls it.
    """

    id: str
    created: int = 0
    display_name: str = ""
    lifecycle: str = "active"


class Provider:
    """An upstream service that answers requests.

    Most providers need no subclass. Override ``prepare`` to shape requests,
    ``answered`` to read headers of answers, and ``models`` where the list is not at
    ``{base_url}/models``.

    Args:
        name: The path prefix and the name in ``routing.routes``.
        base_url: What an endpoint's path is appended to, such as
            ``https://api.openai.com/v1``.
        endpoints: The operations it answers.
        auth: How requests are signed.
        passthrough: Whether a caller's own credential goes upstream in place of
            ``auth``, unchanged.
        accounts: Several to sign for, in place of ``auth`` alone; see ``accounts``.
        upstream: Who answers; by default the network at ``base_url``.
    """

    callers_own: ClassVar[frozenset[str]] = frozenset({"authorization", "x-api-key"})
    """Headers that carry a caller's own credential, passed on with ``passthrough``."""

    keeps_answers: ClassVar[bool] = True
    """Whether its Responses API can go on from ``previous_response_id``; if it can't,
    the gateway keeps the latest answers and asks with all that was said."""

    priced_as: ClassVar[str] = ""
    """URL of the API at whose list prices costs are told, if not ``base_url``."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        endpoints: Sequence[Endpoint],
        auth: Credential | None = None,
        passthrough: bool = False,
        accounts: Sequence[Account] = (),
        upstream: Upstream | None = None,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.urls: Mapping[Endpoint, str] = {
            endpoint: f"{self.base_url}/{endpoint.value}" for endpoint in endpoints
        }
        self.auth = auth or NoCredential()
        self.passthrough = passthrough
        self.upstream = upstream
        self._accounts = tuple(accounts)

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The dialects it speaks, each once, in the order of its endpoints."""
        return tuple(dict.fromkeys(endpoint.dialect for endpoint in self.urls))

    def accounts(self) -> Sequence[Account]:
        """List the accounts requests can be made for; has to be quick.

        The gateway chooses one for each request: a conversation stays with its account
        while that answers. With none listed, ``auth`` signs all requests.
        """
        return self._accounts

    async def prepare(self, request: UpstreamRequest) -> None:
        """Shape a request for this upstream, in place; by default it stays as it is."""

    def answered(self, request: UpstreamRequest, response: UpstreamResponse) -> None:
        """Look at the head of an answer before it goes on; has to be quick.

        Args:
            request: What was asked, signed.
            response: Its status and headers; the body is not for here.
        """

    async def models(
        self, http: httpx.AsyncClient, auth: Credential
    ) -> Sequence[Model]:
        """List the models, in the order of the upstream.

        OpenAI and Anthropic both answer ``GET /models`` with a ``data`` array of
        objects that have an ``id``.

        Args:
            http: The gateway's client.
            auth: For whom; of several accounts each is asked.

        Raises:
            UpstreamError: The upstream did not answer with a list.
            CredentialError: There is no usable login.
        """
        try:
            response = await http.get(f"{self.base_url}/models", auth=auth)
            response.raise_for_status()
            return models_of(orjson.loads(response.content)["data"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.name} gave no list of models: {type(error).__name__}."
            raise UpstreamError(msg) from error

    def login(self) -> LoginStatus:
        """Describe the login without asking anybody; of several, one that is usable."""
        accounts = self.accounts()
        if not accounts:
            return self.auth.status()
        several = [account.auth.status() for account in accounts]
        return next((each for each in several if each.usable), several[0])


_LATEST = 253402300799
"""The last second of the year 9999; beyond it no calendar goes."""


def models_of(entries: object) -> list[Model]:
    """Read what an upstream lists; what is no model is passed over.

    Raises:
        TypeError: It is no list.
    """
    if not isinstance(entries, list):
        msg = "no list"
        raise TypeError(msg)
    return [_model(each) for each in entries if _has_a_name(each)]


def _has_a_name(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str)


def _model(entry: Mapping[str, object]) -> Model:
    created = entry.get("created")
    known = isinstance(created, int) and 0 <= created <= _LATEST
    return Model(
        id=str(entry["id"]),
        created=created if known and isinstance(created, int) else 0,
        display_name=str(entry.get("display_name") or entry["id"]),
    )
