"""What API keys tell of the accounts behind them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx

from ccproxy.errors import CredentialError, UpstreamError
from ccproxy.sdk.credential import ApiKey, LoginState
from ccproxy.sdk.profile import ProfileFields
from ccproxy.sdk.provider import Provider


async def key_profiles(
    http: httpx.AsyncClient,
    provider: Provider,
    keys: Sequence[ApiKey],
    *,
    organization: str,
    headers: Mapping[str, str] | None = None,
) -> Sequence[ProfileFields]:
    """Fetch the accounts of a provider's keys; see ``ProfileAdapter``.

    A key tells little: that it works, and which organization it belongs to, which the
    vendors write into a header of each answer. The list of models is the one answer
    that costs nothing.

    Args:
        http: The gateway's client.
        provider: Whom the keys are for.
        keys: The provider's.
        organization: The header, in lower case.
        headers: What its requests need beside the key.

    Returns:
        The accounts, known by their organizations or else by fingerprints of the keys;
        nothing where there is no key. The first one is active. A key that is refused
        has no account, if another one has.

    Raises:
        CredentialError: All keys are refused, or can't be read.
        UpstreamError: The provider does not answer.
    """
    asked = [key for key in keys if key.status().state not in _NONE]
    answers = await asyncio.gather(
        *(_owner(http, provider, key, organization, headers) for key in asked),
        return_exceptions=True,
    )
    accounts: dict[str, ProfileFields] = {}
    refusal: CredentialError | None = None
    for key, answer in zip(asked, answers, strict=True):
        if isinstance(answer, CredentialError):
            refusal = refusal or answer
        elif isinstance(answer, BaseException):
            raise answer
        else:
            name = answer or key.fingerprint
            fields = ProfileFields(account=name, organization=answer)
            accounts.setdefault(name, replace(fields, active=not accounts))
    if refusal is not None and not accounts:
        raise refusal
    return [*accounts.values()]


_NONE = (LoginState.MISSING, LoginState.NOT_NEEDED)


async def _owner(
    http: httpx.AsyncClient,
    provider: Provider,
    key: ApiKey,
    organization: str,
    headers: Mapping[str, str] | None,
) -> str | None:
    """Ask whose key it is; nothing if the vendor does not tell."""
    try:
        response = await http.get(
            f"{provider.base_url}/models", headers=headers, auth=key
        )
    except httpx.HTTPError as error:
        msg = f"{provider.name} does not answer: {type(error).__name__}."
        raise UpstreamError(msg) from error
    if response.status_code in {401, 403}:
        msg = f"{provider.name} refuses the API key."
        raise CredentialError(
            msg, hint=f"It was sent the {key.status().detail}; set another."
        )
    if response.status_code != 200:
        msg = f"{provider.name} answered {response.status_code}."
        raise UpstreamError(msg)
    return response.headers.get(organization) or None
