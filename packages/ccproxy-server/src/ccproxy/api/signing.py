"""Signs a request, and asks once more with a renewed credential if it is refused."""

from collections.abc import Mapping

from ccproxy.api.choice import Choice
from ccproxy.errors import UpstreamError
from ccproxy.sdk import Credential, Upstream, UpstreamRequest, UpstreamResponse


async def signed_and_sent(
    choice: Choice, request: UpstreamRequest, network: Upstream
) -> UpstreamResponse:
    """Ask a provider.

    Args:
        choice: Whom, and for which account.
        request: What, unsigned.
        network: Who answers for providers without an upstream of their own.

    Raises:
        CredentialError: There is no usable login.
        UpstreamError: No answer came.
    """
    provider = choice.provider
    upstream = provider.upstream or network
    if choice.own:
        request.headers.update(choice.own)
        response = await upstream.send(request)
    else:
        auth = choice.auth
        signed = await auth.headers()
        request.headers.update(signed)
        response = await upstream.send(request)
        if response.status == 401 and await _renewed(response, auth, signed):
            request.headers.update(await auth.headers())
            response = await upstream.send(request)
    if 300 <= response.status < 400:
        response.close()
        msg = f"{provider.name} redirected the request."
        raise UpstreamError(msg, hint=f"Check plugins.{provider.name}.base_url.")
    provider.answered(request, response)
    return response


async def _renewed(
    refused: UpstreamResponse, auth: Credential, signed: Mapping[str, str]
) -> bool:
    """Try to renew the credential; a refusal that nobody will read is closed."""
    try:
        renewed = await auth.renew(signed)
    except BaseException:
        refused.close()
        raise
    if renewed:
        refused.close()
    return renewed
