"""The ChatGPT backend of Codex as a provider.

Headers and endpoints were measured with Codex CLI 0.169.0; the shape of the list of
models comes from the public repository openai/codex.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeGuard

import httpx

from ccproxy.plugins.codex.body import shape, shape_compaction
from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.token import text
from ccproxy.plugins.codex.usage import windows_in
from ccproxy.sdk import (
    Account,
    Credential,
    Endpoint,
    LimitWindow,
    Model,
    Provider,
    UpstreamRequest,
    UpstreamResponse,
)
from ccproxy.sdk.errors import UpstreamError

MODELS_TIMEOUT = 5.0
"""Seconds; Codex CLI waits as long."""

HIDDEN = ("hide", "none")
"""What ``visibility`` says of models that are not to be offered."""

ACCOUNT = "chatgpt-account-id"
SIGNED = (ACCOUNT, "x-openai-fedramp")
"""Headers that belong to the login, whatever a caller says of its own."""


class CodexProvider(Provider):
    """The provider ``codex``.

    Args:
        base_url: What ``/responses`` and ``/models`` are appended to.
        login: Signs the requests.
        originator: Names the calling program, if the caller doesn't.
        user_agent: Ours, for callers that are not Codex CLI.
        instructions: For bodies without any.
        aliases: Names of models by other names for them.
        client_version: The Codex CLI the backend is to list models for.
        note_limits: Told the limits of an account that an answer tells of.
        used: Tells how much of an account's shortest limit is used, in percent; given
            if all accounts take turns.
    """

    stream_only: ClassVar[bool] = True
    """The backend streams every answer; the relay collects it for other callers."""

    keeps_answers: ClassVar[bool] = False
    """The backend refuses ``store`` and ``previous_response_id``."""
    priced_as: ClassVar[str] = "https://api.openai.com/v1"
    """A plan has no price per token; this is what its tokens would cost."""

    def __init__(
        self,
        *,
        base_url: str,
        login: CodexCredential,
        originator: str,
        user_agent: str,
        instructions: str,
        aliases: Mapping[str, str],
        client_version: str,
        note_limits: Callable[[str, tuple[LimitWindow, ...]], None],
        used: Callable[[str], float | None] | None = None,
    ) -> None:
        super().__init__(
            name="codex",
            base_url=base_url,
            endpoints=(Endpoint.RESPONSES, Endpoint.COMPACT),
            auth=login,
        )
        self._originator = originator
        self._user_agent = user_agent
        self._instructions = instructions
        self._aliases = aliases
        self._client_version = client_version
        self._note_limits = note_limits
        self._login = login
        self._used = used

    def accounts(self) -> Sequence[Account]:
        """List all that have a login, the one in use first; two logins to one are one.

        They are listed only if they take turns.
        """
        if self._used is None or not self._login.is_open:
            return ()
        snapshot = self._login.accounts.snapshot
        names: dict[str, str] = {}
        logins = sorted(snapshot.logins(), key=lambda each: each[0] != snapshot.active)
        for name, login in logins:
            names.setdefault(login.account_id or name, name)
        if len(names) < 2:
            return ()
        return [
            Account(name, self._login.of(name), self._used(key))
            for key, name in names.items()
        ]

    async def prepare(self, request: UpstreamRequest) -> None:
        """Make a body the backend takes, and say honestly who asks.

        The backend's bot filter looks at both names. Codex CLI keeps its own; the
        other clients' names mean nothing to the backend, so the gateway gives its own.
        """
        headers = request.headers
        for name in SIGNED:
            headers.pop(name, None)
        if request.endpoint is Endpoint.COMPACT:
            shape_compaction(request, self._aliases)
            headers["accept"] = "application/json"
        else:
            shape(request, self._instructions, self._aliases)
            headers["accept"] = "text/event-stream"
        headers.setdefault("originator", self._originator)
        if not headers.get("user-agent", "").startswith("codex"):
            headers["user-agent"] = self._user_agent

    def answered(self, request: UpstreamRequest, response: UpstreamResponse) -> None:
        """Read how much the account has used by now."""
        account = request.headers.get(ACCOUNT)
        if account and (limits := windows_in(response.headers)):
            self._note_limits(account, limits)

    async def models(
        self, http: httpx.AsyncClient, auth: Credential
    ) -> Sequence[Model]:
        """List the models the login's plan offers, in the backend's order.

        Args:
            http: The gateway's client.
            auth: The login.

        Raises:
            UpstreamError: The backend did not answer with a list.
            CredentialError: There is no usable login.
        """
        try:
            response = await http.get(
                f"{self.base_url}/models",
                params={"client_version": self._client_version},
                headers={
                    "originator": self._originator,
                    "user-agent": self._user_agent,
                },
                auth=auth,
                timeout=MODELS_TIMEOUT,
            )
            response.raise_for_status()
            entries = response.json()["models"]
            return [_model(entry) for entry in entries if _is_offered(entry)]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.name} gave no list of models: {type(error).__name__}."
            raise UpstreamError(msg) from error


def _is_offered(entry: object) -> TypeGuard[Mapping[str, object]]:
    """Tell whether an entry is for people to choose; odd ones are passed over."""
    return (
        isinstance(entry, dict)
        and isinstance(slug := entry.get("slug"), str)
        and slug.isprintable()
        and entry.get("visibility") not in HIDDEN
    )


def _model(entry: Mapping[str, object]) -> Model:
    slug = str(entry["slug"])
    return Model(slug, display_name=text(entry.get("display_name")) or slug)
