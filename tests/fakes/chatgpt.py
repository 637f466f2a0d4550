"""ChatGPT on a loopback port: its auth server and the backend of Codex, both strict.

It refuses what the real ones are known to refuse: a wrong PKCE verifier, a code twice,
another client or redirect, a refresh token that was spent (which ends the whole
login), an access token that is old or revoked, bodies that are not as they should be.
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from urllib.parse import urlencode

import orjson
from aiohttp import web

from ccproxy.sdk import JsonObject

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
SCOPE = "openid profile email offline_access api.connectors.read api.connectors.invoke"
REFUSED = {
    "max_output_tokens",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "metadata",
    "user",
    "stream_options",
    "prompt_cache_retention",
    "safety_identifier",
    "previous_response_id",
    "truncation",
    "context_management",
}


def refusal(body: bytes) -> str | None:
    """Say what the backend would answer in ``detail``; nothing if it takes the body."""
    asked = orjson.loads(body)
    items = asked.get("input")
    roles = {item.get("role") for item in items} if isinstance(items, list) else set()
    rules = {
        **{f"Unsupported parameter: {name}": name in asked for name in REFUSED},
        "Store must be set to false": asked.get("store") is not False,
        "Stream must be set to true": asked.get("stream") is not True,
        "Input must be a list": not isinstance(items, list),
        "System messages are not allowed": "system" in roles,
        "Instructions are required": not asked.get("instructions")
        and "developer" not in roles,
    }
    return next((detail for detail, broken in rules.items() if broken), None)


def make_jwt(claims: JsonObject) -> str:
    """Write an unsigned token with these claims."""

    def part(content: JsonObject) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


@dataclass
class Person:
    """Who logs in, and what their tokens say."""

    account: str = "acct-1"
    email: str = "ada@example.com"
    plan: str = "plus"

    def claims(self) -> JsonObject:
        ours: JsonObject = {
            "chatgpt_account_id": self.account,
            "chatgpt_user_id": f"user-of-{self.account}",
            "chatgpt_plan_type": self.plan,
            "chatgpt_subscription_active_start": "2026-01-05T10:00:00+00:00",
            "chatgpt_subscription_active_until": "2027-01-05T10:00:00+00:00",
            "organizations": [
                {"id": "org-1", "is_default": False, "role": "reader", "title": "One"},
                {"id": "org-2", "is_default": True, "role": "owner", "title": "Two"},
            ],
        }
        return {"email": self.email, "sub": "x", "https://api.openai.com/auth": ours}


@dataclass
class Family:
    """One login: the tokens that follow from it."""

    person: Person
    refresh_token: str = ""
    spent: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    revoked: bool = False


@dataclass
class ChatGPT:
    """Both servers.

    Attributes:
        person: Who will log in next.
        now: The vendor's clock.
        lifetime: Seconds an access token is good for.
        denies: Whether the person says no.
        typed: Set when the person has typed the device code.
        device_code: What the person has to type.
        interval: Seconds between two questions after a code; text, as the vendor's.
        has_device_codes: Whether the vendor offers them.
        keeps_refresh_token: Whether renewals answer without a new one.
        failures: What the next token requests are answered instead, as status and body.
        stumbles: The same for questions after a device code, as status;
            0 hangs up.
        refreshes: How many refresh tokens were spent.
        spent: Set by the first of them.
        go: Cleared, renewals are done but not answered until it is set.
        has_limits: Whether the endpoint for limits works.
        usage: What the endpoint for limits answers.
        headers: What answers of the backend carry.
        seen: Path and headers of each request.
    """

    url: str = ""
    person: Person = field(default_factory=Person)
    now: Callable[[], float] = time.time
    lifetime: float = 864000.0
    denies: bool = False
    typed: bool = False
    device_code: str = "ABCD-1234"
    interval: str = "5"
    has_device_codes: bool = True
    keeps_refresh_token: bool = False
    failures: list[tuple[int, object]] = field(default_factory=list)
    stumbles: list[int] = field(default_factory=list)
    refreshes: int = 0
    spent: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    has_limits: bool = True
    usage: JsonObject = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def login(self, person: Person | None = None) -> dict[str, str]:
        """Make a login as if somebody had gone through the page."""
        family = Family(person or self.person)
        self.families.append(family)
        return self._tokens(family)

    def _tokens(self, family: Family) -> dict[str, str]:
        number, now = next(self.numbers), int(self.now())
        times: JsonObject = {"iat": now, "exp": int(now + self.lifetime)}
        claims = {**family.person.claims(), **times, "jti": str(number)}
        access = make_jwt(claims)
        family.access.add(access)
        if not family.refresh_token or not self.keeps_refresh_token:
            family.refresh_token = f"rt_{number}_of_this_login"
        return {
            "id_token": make_jwt({**claims, "aud": [CLIENT_ID]}),
            "access_token": access,
            "refresh_token": family.refresh_token,
        }

    async def authorize(self, request: web.Request) -> web.Response:
        asked = request.query
        rules = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "id_token_add_organizations": "true",
            "codex_cli_simplified_flow": "true",
        }
        wrong = [name for name, value in rules.items() if asked.get(name) != value]
        redirect = asked.get("redirect_uri", "")
        is_ours = redirect.startswith("http://127.0.0.1:")
        if wrong or not (is_ours and redirect.endswith("/auth/callback")):
            return web.Response(status=400, text=f"wrong: {wrong} {redirect}")
        if len(asked.get("state", "")) < 40 or len(asked["code_challenge"]) != 43:
            return web.Response(status=400, text="guessable")
        told = {"state": asked["state"]}
        if self.denies:
            told |= {"error": "access_denied", "error_description": "They said no."}
        else:
            told["code"] = self._new_code(asked["code_challenge"], redirect)
        raise web.HTTPFound(f"{redirect}?{urlencode(told)}")

    def _new_code(self, challenge: str, redirect: str) -> str:
        code = f"code-{next(self.numbers)}"
        self.codes[code] = {"challenge": challenge, "redirect": redirect}
        return code

    async def token(self, request: web.Request) -> web.Response:
        if self.failures:
            status, body = self.failures.pop(0)
            if isinstance(body, str):
                return web.Response(status=status, text=body)
            return web.json_response(body, status=status)
        if request.content_type == "application/json":
            return await self._refresh(await request.json())
        return self._exchange(dict(await request.post()))

    def _exchange(self, asked: dict[str, object]) -> web.Response:
        made = self.codes.pop(str(asked.get("code")), None)
        verifier = str(asked.get("code_verifier")).encode()
        challenge = base64.urlsafe_b64encode(sha256(verifier).digest())
        rules = {
            "unsupported_grant_type": asked.get("grant_type") != "authorization_code",
            "invalid_client": asked.get("client_id") != CLIENT_ID,
            "invalid_grant": made is None
            or made["redirect"] != asked.get("redirect_uri")
            or made["challenge"] != challenge.decode().rstrip("="),
        }
        for code, broken in rules.items():
            if broken:
                body = {"error": code, "error_description": "It is not right."}
                return web.json_response(body, status=400)
        return web.json_response(self.login())

    async def _refresh(self, asked: JsonObject) -> web.Response:
        if asked.get("client_id") != CLIENT_ID:
            return _error(400, "invalid_client")
        if asked.get("grant_type") != "refresh_token":
            return _error(400, "unsupported_grant_type")
        offered = str(asked.get("refresh_token"))
        for family in self.families:
            if offered in family.spent:
                self.revoke(family)
                return _error(401, "refresh_token_reused")
            if offered == family.refresh_token and not family.revoked:
                self.refreshes += 1
                self.spent.set()
                family.person = self.person
                if not self.keeps_refresh_token:
                    family.spent.add(offered)
                tokens = self._tokens(family)
                if self.keeps_refresh_token:
                    tokens = {"access_token": tokens["access_token"]}
                await self.go.wait()
                return web.json_response(tokens)
        return _error(401, "refresh_token_invalidated")

    def revoke(self, family: Family) -> None:
        family.revoked = True
        family.access.clear()

    async def revoking(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.keys() != {"token", "token_type_hint", "client_id"}:
            return _error(400, "invalid_request")
        for family in self.families:
            if family.refresh_token == asked["token"]:
                self.revoke(family)
        return web.json_response({})

    async def user_code(self, request: web.Request) -> web.Response:
        if not self.has_device_codes:
            return web.Response(status=404)
        if (await request.json()).get("client_id") != CLIENT_ID:
            return _error(400, "invalid_client")
        told = {
            "device_auth_id": "d1",
            "user_code": self.device_code,
            "interval": self.interval,
        }
        return web.json_response(told)

    async def device_token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked != {"device_auth_id": "d1", "user_code": self.device_code}:
            return _error(400, "invalid_request")
        if self.stumbles:
            if (status := self.stumbles.pop(0)) == 0 and request.transport:
                request.transport.close()
            return web.Response(status=status or 500)
        if not self.typed:
            return web.Response(status=403)
        verifier = "v" * 43
        digest = sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        code = self._new_code(challenge, f"{self.url}/deviceauth/callback")
        told = {"authorization_code": code, "code_challenge": challenge}
        return web.json_response({**told, "code_verifier": verifier})

    def _login_refusal(self, request: web.Request) -> web.Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        for family in self.families:
            if token in family.access:
                payload = token.split(".")[1]
                padded = payload + "=" * (-len(payload) % 4)
                if orjson.loads(base64.urlsafe_b64decode(padded))["exp"] <= self.now():
                    break
                if request.headers.get("chatgpt-account-id") != family.person.account:
                    return web.json_response({"detail": "no account"}, status=403)
                return None
        return _error(401, "token_expired")

    async def responses(self, request: web.Request) -> web.StreamResponse:
        if wrong := self._login_refusal(request):
            return wrong
        body = await request.read()
        if detail := refusal(body):
            return web.json_response({"detail": detail}, status=400)
        response = {"id": "resp_1", "object": "response", "status": "completed"}
        done = {"type": "response.completed", "response": {**response, "output": []}}
        answer = web.StreamResponse()
        answer.headers.update({"content-type": "", **self.headers})
        await answer.prepare(request)
        await answer.write(b"data: " + orjson.dumps(done) + b"\n\n")
        return answer

    async def limits(self, request: web.Request) -> web.Response:
        if not self.has_limits:
            return web.Response(status=500, text="<html>oops</html>")
        return self._login_refusal(request) or web.json_response(self.usage)

    @web.middleware
    async def watch(
        self,
        request: web.Request,
        handler: Callable[[web.Request], object],
    ) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.path, headers))
        is_page = request.path == "/oauth/authorize"  # only this one is a browser's
        # Codex CLI 0.169.0 itself names itself in some requests, and not in others.
        named = headers.get("user-agent", "codex").startswith(("ccproxy/", "codex"))
        if not (is_page or named):
            return _error(403, "who_are_you")
        answered = await handler(request)  # type: ignore[misc]  # aiohttp's own type
        assert isinstance(answered, web.StreamResponse)
        return answered


def _error(status: int, code: str) -> web.Response:
    error = {"code": code, "message": f"The vendor says {code}."}
    return web.json_response({"error": error}, status=status)


@asynccontextmanager
async def chatgpt() -> AsyncIterator[ChatGPT]:
    """Run one on a free port."""
    fake = ChatGPT()
    fake.go.set()
    app = web.Application(middlewares=[fake.watch])
    app.add_routes(
        [
            web.get("/oauth/authorize", fake.authorize),
            web.post("/oauth/token", fake.token),
            web.post("/oauth/revoke", fake.revoking),
            web.post("/api/accounts/deviceauth/usercode", fake.user_code),
            web.post("/api/accounts/deviceauth/token", fake.device_token),
            web.post("/backend-api/codex/responses", fake.responses),
            web.get("/backend-api/wham/usage", fake.limits),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
