"""What an API key tells of the account behind it, and what its refusal says."""

import httpx
import pytest
from pydantic import SecretStr

from ccproxy.sdk import (
    ApiKey,
    Endpoint,
    ProfileFields,
    Provider,
    Secret,
    key_profiles,
)
from ccproxy.sdk.errors import CredentialError, UpstreamError

pytestmark = pytest.mark.unit

KEY = "sk-0123456789abcdef"


class Vendor:
    """Answers one status with one set of headers, or not at all."""

    def __init__(
        self, status: int = 200, *, refuses: tuple[str, ...] = (), **headers: str
    ) -> None:
        self.status = status
        self.refuses = refuses
        self.headers = {"x-owner": headers["owner"]} if headers else {}
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if not self.status:
            raise httpx.ConnectError("refused")
        if request.headers["x-api-key"] in self.refuses:
            return httpx.Response(401)
        return httpx.Response(self.status, headers=self.headers)

    async def told(self, *keys: str | None) -> list[ProfileFields]:
        credentials = []
        for key in keys or (KEY,):
            secret = Secret(value=SecretStr(key) if key else None)
            credentials.append(ApiKey(secret, header="x-api-key", optional=True))
            await credentials[-1].load()
        provider = Provider(
            name="acme", base_url="http://acme.invalid/v1", endpoints=[Endpoint.CHAT]
        )
        transport = httpx.MockTransport(self)
        async with httpx.AsyncClient(transport=transport) as http:
            return [
                *await key_profiles(
                    http,
                    provider,
                    credentials,
                    organization="x-owner",
                    headers={"version": "1"},
                )
            ]


async def test_the_organization_of_the_answer_is_the_account() -> None:
    vendor = Vendor(owner="org-1")
    assert await vendor.told() == [ProfileFields(account="org-1", organization="org-1")]
    (request,) = vendor.seen
    assert str(request.url) == "http://acme.invalid/v1/models"
    assert (request.headers["x-api-key"], request.headers["version"]) == (KEY, "1")


async def test_without_one_a_fingerprint_of_the_key_is() -> None:
    (account,) = await Vendor().told()
    (other,) = await Vendor().told(KEY + "0")
    assert account.organization is None
    assert account.account.startswith("***")
    assert account.account != other.account
    assert KEY[3:] not in account.account


async def test_each_of_several_keys_has_an_account_and_the_first_is_active() -> None:
    accounts = await Vendor().told(KEY, KEY + "0")
    assert [each.active for each in accounts] == [True, False]
    assert len({each.account for each in accounts}) == 2


async def test_two_keys_of_one_organization_are_one_account() -> None:
    vendor = Vendor(owner="org-1")
    (account,) = await vendor.told(KEY, KEY + "0")
    assert (account.account, account.active) == ("org-1", True)
    assert len(vendor.seen) == 2


async def test_a_key_that_is_refused_hides_no_other_one() -> None:
    (account,) = await Vendor(refuses=(KEY,)).told(KEY, KEY + "0")
    assert account.active
    with pytest.raises(CredentialError, match="refuses the API key"):
        await Vendor(401).told(KEY, KEY + "0")


async def test_without_a_key_nobody_is_asked() -> None:
    vendor = Vendor()
    assert await vendor.told(None) == []
    assert vendor.seen == []


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_said_with_where_it_is_from(
    status: int,
) -> None:
    with pytest.raises(CredentialError, match="acme refuses the API key") as error:
        await Vendor(status).told()
    assert error.value.hint == "It was sent the API key from the settings; set another."


@pytest.mark.parametrize(
    ("status", "message"),
    [(500, "acme answered 500"), (0, "acme does not answer: ConnectError")],
)
async def test_a_vendor_that_is_out_of_order_is_said(status: int, message: str) -> None:
    with pytest.raises(UpstreamError, match=message):
        await Vendor(status).told()
