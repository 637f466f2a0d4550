"""Who may ask at all: by Host, by Origin, by client token.

A page in any browser can send requests to loopback, and a host name can be rebound to
it, so both are checked there, too. Decisions rest on the scope's path, never on a URL
put together from headers.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from hmac import compare_digest

from ccproxy.api.exchange import Exchange, exchange_of
from ccproxy.api.routing import Kind, Match
from ccproxy.errors import AccessDeniedError, UnauthorizedError
from ccproxy.models.client_key import ClientKey
from ccproxy.sdk import ASGIApp, Receive, Scope, Send

OPEN = frozenset({"/health/live", "/health/ready"})
"""Paths that need no token; they tell nothing but yes or no."""

FOR_KEYS = frozenset({Kind.BASE, Kind.MODEL, Kind.MODELS})
"""What a key opens: the log of all requests, metrics and the like are not its own."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Access:
    """Refuses whoever may not ask.

    Args:
        app: The next layer.
        tokens: Client tokens; with none, no token is asked for.
        hosts: Host names allowed beside loopback's.
        origins: Web origins whose pages may call.
        exposed: Whether the gateway listens beyond loopback; then addresses in the
            Host header are fine, as only names can be rebound.
        keys: Finds a key by the hash of what is shown; without it there are none.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Iterable[str] = (),
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        exposed: bool = False,
        keys: Callable[[bytes], ClientKey | None] | None = None,
    ) -> None:
        self._app = app
        self._hashes = [sha256(token.encode()).digest() for token in tokens]
        self._hosts = LOOPBACK | {host.lower() for host in hosts}
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._exposed = exposed
        self._keys = keys
        self._good_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it.

        Raises:
            AccessDeniedError: The Host or Origin is not allowed.
            UnauthorizedError: The token is missing or wrong.
        """
        exchange = exchange_of(scope)
        self.check_origin(exchange)
        if exchange.shared_with is not None and scope["method"] == "OPTIONS":
            await _preflight(send)
            return
        self.check_token(exchange, scope["path"])
        await self._app(scope, receive, send)

    def check_origin(self, exchange: Exchange) -> None:
        """Refuse what a page may have sent that has no business here.

        Raises:
            AccessDeniedError: The Host or Origin is not allowed.
        """
        host = exchange.headers.get(b"host", b"")
        self._check_host(host)
        origin = exchange.headers.get(b"origin")
        if origin is not None and self._may_read(origin, host):
            exchange.shared_with = origin

    def check_token(self, exchange: Exchange, path: str) -> None:
        """Refuse whoever shows no client token, if one is asked for.

        Raises:
            UnauthorizedError: The token is missing or wrong.
            AccessDeniedError: It is a key, and the path is not for models.
        """
        if (not self._hashes and self._keys is None) or path in OPEN:
            return
        shown = {
            header: token
            for header in (b"authorization", b"x-api-key")
            if (token := _token(header, exchange.headers.get(header)))
        }
        own = {header: sha256(token).digest() for header, token in shown.items()}
        tokens = {each: p for each, digest in own.items() if (p := self._place(digest))}
        keys = {each: key for each, digest in own.items() if (key := self._key(digest))}
        good = tokens or keys
        if not good:
            raise self._unauthorized(bool(shown))
        if tokens:
            exchange.token = f"client_tokens[{next(iter(tokens.values())) - 1}]"
        else:
            exchange.key = next(iter(keys.values()))
            _check_use(exchange.key, exchange.match)
        exchange.gateway_credential = frozenset({*tokens, *keys})
        caller = next(each for each in own if each in good)
        exchange.caller = own[caller].hex()[:16]

    def _unauthorized(self, shown: bool) -> UnauthorizedError:
        what = "is wrong" if shown else "is missing"
        hint = "Send one of security.client_tokens as Bearer token or x-api-key."
        if self._keys is not None:
            hint += " 'ccproxy keys create' makes keys that are taken, too."
        return UnauthorizedError(f"The client token {what}.", hint=hint)

    def _key(self, digest: bytes) -> ClientKey | None:
        return None if self._keys is None else self._keys(digest)

    def _check_host(self, host: bytes) -> None:
        if host in self._good_hosts:
            return
        name = _name_of(host.decode("latin-1"))
        if name not in self._hosts and not (self._exposed and _is_address(name)):
            msg = f"The host {name[:100]!r} is not allowed."
            raise AccessDeniedError(msg, hint="security.allowed_hosts lists more.")
        if len(self._good_hosts) < 100:
            self._good_hosts.add(host)

    def _may_read(self, origin: bytes, host: bytes) -> bool:
        """Tell whether a page of another origin may read the answer."""
        text = origin.decode("latin-1").lower()
        if text in self._origins:
            return True
        if text == f"http://{host.decode('latin-1')}".lower():
            return False  # the gateway's own page
        msg = f"Pages of {text[:100]!r} may not call the gateway."
        raise AccessDeniedError(msg, hint="security.allowed_origins lists who may.")

    def _place(self, digest: bytes) -> int:
        """Find a token by its hash: the first is at 1, and 0 is none."""
        # Every hash is compared, so that the time taken tells nothing.
        found = 0
        for place, each in enumerate(self._hashes, 1):
            found += place * compare_digest(digest, each)
        return found


def _check_use(key: ClientKey, match: Match) -> None:
    if match.kind not in FOR_KEYS:
        msg = f"The key {key.name!r} is for models alone."
        hint = "One of security.client_tokens opens all there is."
        raise AccessDeniedError(msg, hint=hint)


def _name_of(host: str) -> str:
    """Cut off the port, and the brackets of an IPv6 address."""
    host = host.lower().strip()
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name if re.fullmatch(r"(:\d*)?", port) else host
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _token(header: bytes, value: bytes | None) -> bytes | None:
    """Read a token: plain, ``Bearer``, or as a browser's ``Basic`` password."""
    if not value:
        return None
    if header == b"x-api-key":
        return value.strip()
    scheme, _, rest = value.partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[2]
        except binascii.Error:
            return None
    return None


async def _preflight(send: Send) -> None:
    headers = [
        (b"access-control-allow-methods", b"GET, POST, HEAD, OPTIONS"),
        (b"access-control-allow-headers", b"*, authorization"),
        (b"access-control-max-age", b"600"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
