"""What an API key tells of the account behind it."""

from collections.abc import Mapping, Sequence

import httpx

from ccproxy.errors import CredentialError, UpstreamError
from ccproxy.sdk.credential import ApiKey, LoginState
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
    """Fetch the account of a key; see ``ProfileAdapter``.

    A key tells little: that it works, and which organization it belongs to, which the
    vendors write into a header of each answer. The list of models is the one answer
    that costs nothing.

    Args:
        http: The gateway's client.
        provider: Whom the key is for.
        key: The provider's.
        organization: The header, in lower case.
        headers: What its requests need beside the key.

    Returns:
        The account, known by its organization or else by a fingerprint of the key;
        nothing where there is no key.

    Raises:
        CredentialError: The key is refused, or can't be read.
        UpstreamError: The provider does not answer.
    """
    if key.status().state in {LoginState.MISSING, LoginState.NOT_NEEDED}:
        return []
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
    owner = response.headers.get(organization) or None
    return [ProfileFields(account=owner or key.fingerprint, organization=owner)]
