"""Who asks, as far as limits are concerned: a client token, or else an address."""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from ccproxy.api.exchange import Exchange
from ccproxy.sdk import Scope


class Caller(NamedTuple):
    """Who asks.

    Attributes:
        key: Tells the caller from all others.
        whose: The same in words, for people; begins a sentence.
    """

    key: str
    whose: str


def caller_of(exchange: Exchange, address: str) -> Caller:
    """Find out who asks."""
    if exchange.key is not None:
        return Caller(exchange.key.owner, f"The key {exchange.key.name!r}")
    if exchange.caller:
        return Caller(f"token/{exchange.caller}", "This client token")
    return Caller(f"caller/{address}", "This address")


def address_of(scope: Scope) -> str:
    """Return the peer's address, never one that a header tells: anybody writes those.

    All addresses of one host are one.
    """
    return network_of((scope.get("client") or ("local",))[0])


@lru_cache(4096)
def network_of(address: str) -> str:
    """Take an IPv6 address for its network of 64 bits, all of which one host can use.

    An IPv4 address is one host's, also where it is written as an IPv6 address.
    """
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a Unix socket's
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))
