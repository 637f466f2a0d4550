"""What is Anthropic's own: the version header, the list of models, whose login it is.

Source: https://docs.anthropic.com/en/api/versioning and …/api/models-list
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from ccproxy.sdk import (
    ApiKey,
    Credential,
    Endpoint,
    LoginState,
    LoginStatus,
    Model,
    Provider,
    UpstreamRequest,
    accounts_of,
)
from ccproxy.sdk.errors import UpstreamError

VERSION_HEADER = "anthropic-version"
_SAMPLING = ("temperature", "top_p", "top_k")
_TAKES_NO_SAMPLING = re.compile(r"claude-opus-4-([7-9]|[1-9]\d)(?!\d)")
"""Source: https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-7"""

MOST_MODELS = 1000
"""The longest page the API gives; the usual one holds 20."""


class AnthropicProvider(Provider):
    """The provider ``anthropic``.

    Args:
        base_url: Without ``/v1``.
        version: What ``anthropic-version`` says when the caller says nothing.
        keys: The gateway's own, mostly one.
        names: Of their accounts, if there are several.
        passthrough: Whether a caller's credential goes upstream in its place.
    """

    def __init__(
        self,
        *,
        base_url: str,
        version: str,
        keys: Sequence[ApiKey],
        names: Sequence[str],
        passthrough: bool,
    ) -> None:
        super().__init__(
            name="anthropic",
            base_url=f"{base_url}/v1",
            endpoints=(Endpoint.MESSAGES, Endpoint.COUNT_TOKENS),
            auth=keys[0],
            accounts=accounts_of(names, keys),
            passthrough=passthrough,
        )
        self._version = version

    async def prepare(self, request: UpstreamRequest) -> None:
        """Name an API version if the caller named none; the API refuses none at all.

        What was asked in another dialect is asked without what the model would refuse.
        """
        request.headers.setdefault(VERSION_HEADER, self._version)
        if not request.translated:
            return
        if _TAKES_NO_SAMPLING.match(request.model):
            request.leave_out(_SAMPLING, f"{request.model} refuses it")
        elif "temperature" in request.payload:
            request.leave_out(["top_p"], "it is refused beside temperature")

    async def models(
        self, http: httpx.AsyncClient, auth: Credential
    ) -> Sequence[Model]:
        """List the models, newest first.

        Args:
            http: The gateway's client.
            auth: For whom.

        Raises:
            UpstreamError: The upstream did not answer with a list.
            CredentialError: There is no key; a caller's own is not at hand here.
        """
        try:
            response = await http.get(
                f"{self.base_url}/models",
                params={"limit": MOST_MODELS},
                headers={VERSION_HEADER: self._version},
                auth=auth,
            )
            response.raise_for_status()
            return [_model(entry) for entry in response.json()["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.name} gave no list of models: {type(error).__name__}."
            raise UpstreamError(msg) from error

    def login(self) -> LoginStatus:
        """Tell of the key; without one, callers may bring their own."""
        status = super().login()
        if self.passthrough and status.state in _NO_KEY:
            return LoginStatus(LoginState.CALLERS_OWN, "callers bring their own login")
        return status


_NO_KEY = {LoginState.MISSING, LoginState.NOT_NEEDED}


def _model(entry: Mapping[str, object]) -> Model:
    name = str(entry["id"])
    released = entry.get("created_at")
    return Model(
        id=name,
        created=_unix_seconds(released) if isinstance(released, str) else 0,
        display_name=str(entry.get("display_name") or name),
        lifecycle=str(entry.get("lifecycle") or "active"),
    )


def _unix_seconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError):
        return 0
