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
    accounts_of,
    key_profile,
)
from ccproxy.sdk.errors import CredentialError, UpstreamError

pytestmark = pytest.mark.unit

KEY = "sk-0123456789abcdef"


def api_key(key: str | None) -> ApiKey:
    secret = Secret(value=SecretStr(key) if key else None)
    return ApiKey(secret, header="x-api-key", optional=True)


class Vendor:
    """Answers one status with one set of headers, or not at all."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.status = status
        self.refused: set[str] = set()
        self.headers = {"x-owner": headers["owner"]} if headers else {}
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if not self.status:
            raise httpx.ConnectError("refused")
        if request.headers["x-api-key"] in self.refused:
            return httpx.Response(401)
        return httpx.Response(self.status, headers=self.headers)

    async def told(self, key: str | None = KEY, **several: str) -> list[ProfileFields]:
        credential = api_key(key)
        await credential.load()
        provider = Provider(
            name="acme",
            base_url="http://acme.invalid/v1",
            endpoints=[Endpoint.CHAT],
            accounts=accounts_of([*several], [*map(api_key, several.values())]),
        )
        transport = httpx.MockTransport(self)
        async with httpx.AsyncClient(transport=transport) as http:
            return [
                *await key_profile(
                    http,
                    provider,
                    credential,
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


async def test_each_of_several_keys_is_an_account_by_its_name() -> None:
    """Though they may be of one organization."""
    vendor = Vendor(owner="org-1")
    assert await vendor.told(home="k-1", work="k-2") == [
        ProfileFields(account="home", organization="org-1"),
        ProfileFields(account="work", organization="org-1", active=False),
    ]
    assert sorted(each.headers["x-api-key"] for each in vendor.seen) == ["k-1", "k-2"]


async def test_a_key_that_is_refused_leaves_the_accounts_of_the_others() -> None:
    vendor = Vendor()
    vendor.refused = {"k-1"}
    assert await vendor.told(home="k-1", work="k-2") == [ProfileFields(account="work")]
    vendor.refused |= {"k-2"}
    with pytest.raises(CredentialError, match="acme refuses the API key"):
        await vendor.told(home="k-1", work="k-2")


async def test_a_vendor_that_is_away_takes_none_of_several_accounts() -> None:
    """As it would if those whose keys were answered for were told alone."""
    with pytest.raises(UpstreamError, match="acme answered 500"):
        await Vendor(500).told(home="k-1", work="k-2")


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
