"""Logging in and out by driving the flows over HTTP, against a strict vendor."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from ccproxy.plugins.codex.auth_error import refusal
from ccproxy.plugins.codex.callback import Callback
from ccproxy.plugins.codex.login_file import Login
from ccproxy.plugins.codex.logins import CodexLogins
from ccproxy.plugins.codex.store import Store
from ccproxy.sdk import AccountLogin, LoginMethod, LoginState
from ccproxy.sdk.errors import CCProxyError, CredentialError, UpstreamError
from fakes.chatgpt import Person as Owner
from fakes.codex import World, server
from fakes.person import Browser, query

pytestmark = pytest.mark.integration

BROWSER, PASTE, DEVICE = LoginMethod
AuthJson = Callable[..., Path]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which some other program listens, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.listen(0)
        yield listener.getsockname()[1]


async def begun(
    logins: CodexLogins, browser: Browser, method: LoginMethod
) -> "asyncio.Task[AccountLogin]":
    """Begin a login that waits for the person."""
    logging_in = asyncio.create_task(logins.log_in(None, browser, method))
    await browser.saw(texts=1)
    return logging_in


async def test_a_whole_login_is_kept_told_and_used(world: World) -> None:
    logins, browser = await world.logins(), Browser()
    made = await logins.log_in(None, browser, BROWSER)
    assert (made.account, made.email, made.plan) == (
        "default",
        "ada@example.com",
        "plus",
    )
    assert made.active
    assert made.status.state is LoginState.READY
    assert made.kept_in == str(world.folder / "default.json")
    assert world.told() == [("auth_login", "default")]
    headers = await (await world.credential()).headers()
    assert headers["chatgpt-account-id"] == "acct-1"
    await browser.finished()
    *_, page = browser.pages
    assert page.status_code == 200
    assert "code" not in page.text
    assert page.headers["content-security-policy"] == "default-src 'none'"


async def test_what_is_kept_has_the_shape_of_codex_clis_file(world: World) -> None:
    await (await world.logins()).log_in("work", Browser(), BROWSER)
    stored = orjson.loads((world.folder / "work.json").read_bytes())
    assert stored.keys() == {"auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"}
    assert stored["tokens"]["account_id"] == "acct-1"
    assert stored["last_refresh"] == "2026-11-24T12:00:00Z"


async def test_a_login_that_is_denied_says_so(world: World) -> None:
    world.vendor.denies = True
    with pytest.raises(CredentialError, match="denied: They said no"):
        await (await world.logins()).log_in(None, Browser(), BROWSER)
    assert world.store().names() == []


async def test_a_login_nobody_makes_comes_to_an_end(world: World) -> None:
    browser = Browser()
    browser.is_there = False
    with pytest.raises(CredentialError, match="Nobody logged in within"):
        await (await world.logins(patience=0.01)).log_in(None, browser, BROWSER)


async def test_an_answer_to_another_login_is_refused_and_the_wait_goes_on(
    world: World,
) -> None:
    browser = Browser(lambda url: url.replace("state=", "state=not-"))
    logging_in = asyncio.create_task(
        (await world.logins()).log_in(None, browser, BROWSER)
    )
    await browser.saw(pages=2)
    (wrong,) = browser.pages[1:]
    assert (wrong.status_code, logging_in.done()) == (400, False)
    assert "belongs to another login" in wrong.text
    right = Browser()
    await right.visit(browser.opened[0])
    assert (await logging_in).active


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/auth/callback?code=c", {"host": "evil.example"}, 403),
        ("/cancel", {"sec-fetch-site": "cross-site"}, 403),
        ("/elsewhere", {}, 404),
        ("//[", {}, 404),
        ("/auth/callback?code=c", {}, 400),
    ],
)
async def test_what_is_no_answer_changes_nothing(
    world: World, path: str, headers: dict[str, str], status: int
) -> None:
    browser = Browser()
    browser.is_there = False
    logging_in = await begun(await world.logins(), browser, BROWSER)
    callback = query(browser.page_shown)["redirect_uri"].removesuffix("/auth/callback")
    page = await browser.open(callback + path, headers)
    assert (page.status_code, logging_in.done()) == (status, False)
    await browser.visit(browser.page_shown)
    assert (await logging_in).active


async def test_the_second_port_serves_where_the_first_is_taken(
    world: World, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.plugins.codex.callback._CANCEL_TIMEOUT", 0.05)
    browser = Browser()
    await (await world.logins(ports=(taken, 0))).log_in(None, browser, BROWSER)
    port = query(browser.opened[0])["redirect_uri"].split(":")[2].partition("/")[0]
    assert int(port) != taken


async def test_no_port_at_all_leaves_pasting_and_the_code(
    world: World, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.plugins.codex.callback._CANCEL_TIMEOUT", 0.05)
    logins, browser = await world.logins(ports=(taken,)), Browser()
    with pytest.raises(CredentialError, match=str(taken)) as caught:
        await logins.log_in(None, browser, BROWSER)
    assert caught.value.hint == "Use --no-browser or --device."
    logging_in = await begun(logins, browser, PASTE)
    browser.typed.put_nowait(await browser.answer(browser.page_shown))
    assert (await logging_in).active


class HangsUp(asyncio.Transport):
    """A browser that is gone by the time its page is written."""

    def __init__(self, protocol: asyncio.StreamReaderProtocol) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: object) -> None:
        self._protocol.connection_lost(ConnectionResetError())

    def is_closing(self) -> bool:
        return True

    def close(self) -> None:
        return


async def test_a_browser_that_hangs_up_before_it_sees_the_page_has_logged_in() -> None:
    callback = Callback("s")
    reader = asyncio.StreamReader()
    reader.feed_data(
        b"GET /auth/callback?code=c&state=s HTTP/1.1\r\nhost: localhost:0\r\n\r\n"
    )
    protocol = asyncio.StreamReaderProtocol(reader, callback.answer)
    protocol.connection_made(HangsUp(protocol))
    assert await callback.code() == "c"


async def test_an_older_login_is_asked_to_make_way_without_the_proxy(
    world: World, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's client may have a proxy, which knows nothing of this machine."""
    monkeypatch.setattr("ccproxy.plugins.codex.callback._CANCEL_TIMEOUT", 0.05)
    asked: list[httpx.URL] = []

    async def see(request: httpx.Request) -> None:
        asked.append(request.url)

    world.http.event_hooks = {"request": [see]}
    await (await world.logins(ports=(taken, 0))).log_in(None, Browser(), BROWSER)
    assert [url.path for url in asked] == ["/oauth/token"]


async def test_an_older_login_makes_way(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waiting = Browser()
    waiting.is_there = False
    logins = await world.logins(ports=(port,))
    older = asyncio.create_task(logins.log_in("a", waiting, BROWSER))
    await waiting.saw(texts=1)
    assert (await logins.log_in("b", Browser(), BROWSER)).account == "b"
    with pytest.raises(CredentialError, match="taken this one's place"):
        await older


@pytest.mark.parametrize("form", ["address", "query", "code"])
async def test_the_answer_can_be_pasted(world: World, form: str) -> None:
    browser = Browser()
    logging_in = await begun(await world.logins(), browser, PASTE)
    address = await browser.answer(browser.page_shown)
    pasted = {
        "address": address,
        "query": "?" + address.partition("?")[2],
        "code": query(address)["code"],
    }
    browser.typed.put_nowait("")
    browser.typed.put_nowait(f" {pasted[form]}\r")
    assert (await logging_in).active


async def test_a_pasted_answer_to_another_login_is_asked_for_again(
    world: World,
) -> None:
    browser = Browser()
    logging_in = await begun(await world.logins(), browser, PASTE)
    page = browser.page_shown
    browser.typed.put_nowait("http://[/auth/callback?code=c&state=other")
    await browser.saw(texts=2)
    assert "belongs to another login" in browser.shown[1]
    browser.typed.put_nowait(await browser.answer(page))
    assert (await logging_in).active


async def test_while_pasting_is_possible_the_browser_may_answer_too(
    world: World,
) -> None:
    browser = Browser()
    logging_in = await begun(await world.logins(), browser, PASTE)
    browser.typed.put_nowait(None)  # nothing can be pasted any more
    await browser.visit(browser.page_shown)
    assert (await logging_in).active


async def test_a_code_is_typed_elsewhere(world: World) -> None:
    logins, person = await world.logins(), Browser()
    world.vendor.device_code = "ABCD\x1b-1234"  # which no terminal is to see
    logging_in = asyncio.create_task(logins.log_in(None, person, DEVICE))
    await world.ticks.tick()
    assert f"{world.vendor.url}/codex/device" in person.shown[0]
    assert "ABCD-1234" in person.shown[0]
    world.vendor.typed = True
    await world.ticks.end()
    assert (await logging_in).email == "ada@example.com"


async def test_a_vendor_that_is_busy_or_away_for_a_moment_ends_no_login_by_code(
    world: World,
) -> None:
    logins = await world.logins()
    logging_in = asyncio.create_task(logins.log_in(None, Browser(), DEVICE))
    world.vendor.stumbles = [429, 500, 503, 408, 200, 0]
    for _ in range(6):
        await world.ticks.tick()
    world.vendor.typed = True
    await world.ticks.end()
    assert (await logging_in).active
    assert world.vendor.stumbles == []


async def test_a_vendor_that_refuses_a_code_ends_the_login_by_it(world: World) -> None:
    logging_in = asyncio.create_task(
        (await world.logins()).log_in(None, Browser(), DEVICE)
    )
    world.vendor.stumbles = [410]
    await world.ticks.end()
    with pytest.raises(UpstreamError, match="answered 410"):
        await logging_in


async def test_an_answer_that_never_ends_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client's own limit is one for each piece, and begins anew with each."""
    monkeypatch.setattr("ccproxy.plugins.codex.auth_server.REVOKE_TIMEOUT", 0.01)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(UpstreamError, match="could not be asked: TimeoutError"):
            await server(http, "http://vendor.example").revoke("r")


class Endless(httpx.AsyncByteStream):
    """A body of which no more comes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()


async def test_a_vendor_without_codes_names_the_other_ways(world: World) -> None:
    world.vendor.has_device_codes = False
    with pytest.raises(CredentialError, match="offers no login by code") as caught:
        await (await world.logins()).log_in(None, Browser(), DEVICE)
    assert "--no-browser" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, {"error": "invalid_grant", "error_description": "Too late."}, 0, "Too"),
        (403, {"error": {"code": "nope", "message": "Go away."}}, 0, "nope: Go away."),
        (401, {"code": "odd"}, 0, "answered 401, odd:"),
        (400, "no JSON \x00 here", 0, "no JSON here"),
        (400, [1], 0, "answered 400."),
        (503, {"error": "busy"}, 1, "answered 503, busy:"),
        (200, {"access_token": "a"}, 0, "without tokens"),
        (200, "<html>", 1, "something else than JSON"),
        (200, {"access_token": "a b", "refresh_token": "r"}, 0, "without tokens"),
    ],
)
async def test_whatever_the_vendor_answers_to_a_code_is_told(
    world: World, status: int, body: object, kind: int, said: str
) -> None:
    world.vendor.failures.append((status, body))
    expected: tuple[type[CCProxyError], ...] = (CredentialError, UpstreamError)
    with pytest.raises(expected[kind], match=said):
        await (await world.logins()).log_in(None, Browser(), BROWSER)
    assert world.store().names() == []


async def test_what_the_vendor_quotes_is_not_shown(world: World) -> None:
    logins, browser = await world.logins(), Browser()
    logging_in = await begun(logins, browser, PASTE)
    world.vendor.failures.append((400, "the code secret-code-1 is wrong"))
    browser.typed.put_nowait("secret-code-1")
    with pytest.raises(CredentialError, match=r"the code \*\*\* is wrong"):
        await logging_in


SECRET = "a+secret/of the=vendor"


@pytest.mark.parametrize(
    "quoted",
    [
        SECRET,
        "x" * 190 + SECRET,
        "a%2Bsecret/of%20the%3Dvendor",
        "a%2bsecret%2fof%20the%3dvendor",
        "a%2Bsecret%2Fof+the%3Dvendor",
    ],
    ids=["plain", "across the cut", "in a path", "in small letters", "in a form"],
)
@pytest.mark.parametrize("is_json", [False, True])
def test_no_part_of_a_secret_is_shown_however_it_is_quoted(
    quoted: str, *, is_json: bool
) -> None:
    body = {"error": {"code": "odd", "message": quoted}}
    content = orjson.dumps(body) if is_json else quoted.encode()
    said = refusal("it", httpx.Response(400, content=content), [SECRET]).message
    assert "***" in said
    assert "secret" not in said
    assert "vendor" not in said


def test_a_code_that_tells_a_secret_is_none() -> None:
    body = orjson.dumps({"error": "not-secret-code-1"})
    error = refusal("it", httpx.Response(400, content=body), ["secret-code-1"])
    assert (error.code, error.message) == (None, "it answered 400.")


@pytest.mark.parametrize("name", ["", ".", "../up", "Work", "a b", "x" * 65, "é"])
async def test_a_name_that_can_be_no_files_is_refused(world: World, name: str) -> None:
    with pytest.raises(CredentialError):
        await (await world.logins()).log_in(name or "\n", Browser(), BROWSER)


async def test_nobody_is_sent_to_a_page_whose_answer_could_not_be_kept(
    world: World,
) -> None:
    (world.home / "data").write_text("in the way")
    browser = Browser()
    with pytest.raises(CredentialError, match="can't be kept"):
        await (await world.logins()).log_in(None, browser, BROWSER)
    assert browser.opened == []


async def test_the_first_login_is_used_and_a_later_one_when_it_is_asked_for(
    world: World,
) -> None:
    logins = await world.logins()
    assert (await logins.log_in("zoe", Browser(), BROWSER)).active
    world.vendor.person = Owner("acct-2", "bob@example.com", "pro")
    assert not (await logins.log_in("bob", Browser(), BROWSER)).active
    assert [each.account for each in await logins.accounts()] == ["zoe", "bob"]
    await logins.use("bob")
    assert [each.account for each in await logins.accounts()] == ["bob", "zoe"]
    headers = await (await world.credential()).headers()
    assert headers["chatgpt-account-id"] == "acct-2"
    with pytest.raises(CredentialError, match="no login for the account eve"):
        await logins.use("eve")


async def test_logging_out_revokes_and_forgets(world: World) -> None:
    world.keep()
    logins = await world.logins()
    assert await logins.log_out(None) == "The account default is logged out."
    assert world.told() == [("auth_logout", "default")]
    assert world.vendor.families[0].revoked
    assert [path.name for path in world.folder.iterdir()] == ["default.lock"]
    with pytest.raises(CredentialError, match="Nobody is logged in to codex"):
        await logins.log_out(None)


async def test_logging_out_during_a_renewal_revokes_what_that_gives(
    world: World,
) -> None:
    """The old refresh token is spent by then: to revoke it would revoke nothing."""
    world.keep()
    logins, other = await world.logins(), await world.accounts()
    old = other.snapshot.accounts["default"].held
    assert isinstance(old, Login)
    world.vendor.go.clear()
    renewing = asyncio.create_task(other.renew("default", old))
    await world.vendor.spent.wait()
    leaving = asyncio.create_task(logins.log_out(None))
    world.vendor.go.set()
    await asyncio.gather(renewing, leaving)
    assert world.vendor.families[0].revoked
    assert world.store().names() == []


async def test_a_vendor_that_is_away_does_not_keep_anybody_logged_in(
    world: World,
) -> None:
    world.keep()
    logins = await world.logins()
    world.vendor.url = "http://127.0.0.1:9"
    logins = await world.logins()
    told = await logins.log_out("default")
    assert "logged out here" in told
    assert world.store().names() == []


async def test_the_login_of_codex_cli_is_listed_and_left_alone(
    world: World, auth_json: AuthJson
) -> None:
    path = auth_json(world.vendor.login())
    before = path.read_bytes()
    logins = await world.logins()
    (listed,) = await logins.accounts()
    assert (listed.account, listed.active) == ("codex-cli", True)
    assert listed.kept_in == str(path)
    for act in (logins.log_out, logins.refresh):
        with pytest.raises(CredentialError) as caught:
            await act(None)
        assert "codex logout" in str(caught.value.hint)
    with pytest.raises(CredentialError, match="Codex CLI's own"):
        await logins.log_in("codex-cli", Browser(), BROWSER)
    assert path.read_bytes() == before


async def test_whoever_logs_out_is_not_told_to_log_in(world: World) -> None:
    logins = await world.logins()
    for account in (None, "eve"):
        with pytest.raises(CredentialError) as caught:
            await logins.log_out(account)
        assert caught.value.hint == "`ccproxy auth list` tells who is logged in."


async def test_the_login_of_codex_cli_gives_way_to_ours_unless_it_is_chosen(
    world: World, auth_json: AuthJson
) -> None:
    auth_json(world.vendor.login(Owner("acct-cli")))
    logins = await world.logins()
    assert (await logins.log_in(None, Browser(), BROWSER)).active
    await logins.use("codex-cli")
    assert not (await logins.log_in("more", Browser(), BROWSER)).active
    await logins.log_out("default")
    await logins.log_out("more")
    (left,) = await logins.accounts()
    assert (left.account, left.active) == ("codex-cli", True)


async def test_a_login_is_renewed_when_a_person_asks_for_it(world: World) -> None:
    world.keep()
    logins = await world.logins()
    world.clock.seconds += 3600
    renewed = await logins.refresh(None)
    assert renewed.expires_at is not None
    assert renewed.expires_at.timestamp() == world.clock() + world.vendor.lifetime
    assert world.told() == [("auth_token_refreshed", "default")]
    with pytest.raises(CredentialError, match="no login for the account eve"):
        await logins.refresh("eve")


def test_the_store_is_made_only_when_something_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "codex")
    assert (store.names(), store.active()) == ([], None)
    assert not (tmp_path / "codex").exists()
