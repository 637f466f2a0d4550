"""What an API key tells of the account behind it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import httpx

from ccproxy.errors import CredentialError, UpstreamError
from ccproxy.sdk.account import Account
from ccproxy.sdk.credential import ApiKey, Credential, LoginState
from ccproxy.sdk.profile import ProfileFields
from ccproxy.sdk.provider import Provider


async def key_profile(
    http: httpx.AsyncClient,
    provider: Provider,
    key: ApiKey,
    *,
    organization: str,
    headers: Mapping[str, str] | None = None,
) -> Sequence[ProfileFields]:
    """Fetch the account of a key, or of each of several; see ``ProfileAdapter``.

    A key tells little: that it works, and which organization it belongs to, which the
    vendors write into a header of each answer. The list of models is the one answer
    that costs nothing.

    Args:
        http: The gateway's client.
        provider: Whom the key is for.
        key: The provider's; not used where the provider has several accounts.
        organization: The header, in lower case.
        headers: What its requests need beside the key.

    Returns:
        The account, known by its organization or else by a fingerprint of the key;
        nothing where there is no key. Of several, those whose keys are taken, known by
        their names here: their keys may be of one organization.

    Raises:
        CredentialError: The key is refused, or can't be read; so are all of several.
        UpstreamError: The provider does not answer.
    """
    owner_of = partial(_owner_of, http, provider, organization, headers)
    if accounts := provider.accounts():
        return await _told_of(accounts, owner_of)
    if key.status().state in {LoginState.MISSING, LoginState.NOT_NEEDED}:
        return []
    owner = await owner_of(key)
    return [ProfileFields(account=owner or key.fingerprint, organization=owner)]


async def _told_of(
    accounts: Sequence[Account],
    owner_of: Callable[[Credential], Awaitable[str | None]],
) -> Sequence[ProfileFields]:
    asked = (owner_of(each.auth) for each in accounts)
    owners = await asyncio.gather(*asked, return_exceptions=True)
    wrong = [each for each in owners if isinstance(each, BaseException)]
    for error in wrong:
        if len(wrong) == len(owners) or not isinstance(error, CredentialError):
            raise error
    known = [
        (account.name, owner)
        for account, owner in zip(accounts, owners, strict=True)
        if not isinstance(owner, BaseException)
    ]
    return [
        ProfileFields(account=name, organization=owner, active=place == 0)
        for place, (name, owner) in enumerate(known)
    ]


async def _owner_of(
    http: httpx.AsyncClient,
    provider: Provider,
    organization: str,
    headers: Mapping[str, str] | None,
    key: Credential,
) -> str | None:
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
