"""What a person sees when the gateway starts: where it is, and how to try it."""

from ccproxy.api.gateway import Gateway
from ccproxy.api.routing import SANDBOX
from ccproxy.api.version import VERSION
from ccproxy.config.address import base_url, is_loopback
from ccproxy.loader.isolation import login_of
from ccproxy.loader.status import PluginState
from ccproxy.sdk import Provider

_CALLS = (
    (
        "OpenAI Chat Completions",
        "chat/completions",
        '{"model":"sandbox-echo","messages":[{"role":"user","content":"hello"}]}',
    ),
    (
        "OpenAI Responses",
        "responses",
        '{"model":"sandbox-echo","input":"hello"}',
    ),
    (
        "Anthropic Messages",
        "messages",
        (
            '{"model":"sandbox-echo","max_tokens":64,'
            '"messages":[{"role":"user","content":"hello"}]}'
        ),
    ),
)


def banner(gateway: Gateway, address: tuple[str, int], *, started: bool) -> str:
    """Describe a gateway that listens.

    Args:
        gateway: What listens.
        address: What its socket is bound to.
        started: Whether its plugins run in this process, so that logins are known.
    """
    url = base_url(*address[:2])
    providers = gateway.plugins.providers
    told = _with_logins(providers) if started else _by_name(providers)
    lines = [f"ccproxy {VERSION} is running on {url}"]
    if not is_loopback(address[0]):
        lines.append(
            f"It listens on {address[0]} port {address[1]}, for other machines."
        )
    lines += [
        "",
        f"  OpenAI clients     base URL {url}/v1",
        f"  Anthropic clients  base URL {url}",
        "",
        "Providers",
        *(told if providers else _why_none(gateway)),
        *_failed(gateway),
    ]
    if SANDBOX in providers:
        lines += ["", "Try it", *_calls(url, with_token=gateway.asks_for_a_token)]
    lines += ["", "Stop with Ctrl-C.", ""]
    return "\n".join(lines)


def _with_logins(providers: dict[str, Provider]) -> list[str]:
    lines = []
    for name in sorted(providers):
        login = login_of(providers[name])
        lines.append(f"  {name:<12} {login.state.value:<12} {login.detail}")
        if login.hint:
            lines.append(f"  {'':<25} {login.hint}")
    return lines


def _by_name(providers: dict[str, Provider]) -> list[str]:
    """The logins are known in the worker processes."""
    return [f"  {', '.join(sorted(providers))}", "  Their logins: ccproxy status"]


def _why_none(gateway: Gateway) -> list[str]:
    plugins = gateway.plugins.status().plugins
    off = [each.name for each in plugins if each.state is PluginState.DISABLED]
    if not off:
        return ["  none: install one, such as ccproxy-plugin-openai"]
    return [
        f"  none: switched off are {', '.join(off)}",
        "  What switches them off: ccproxy plugins list",
    ]


def _failed(gateway: Gateway) -> list[str]:
    return [
        f"  {plugin.name:<12} {'plugin off':<12} {plugin.reason}"
        for plugin in gateway.plugins.status().plugins
        if plugin.state is PluginState.FAILED
    ]


def _calls(url: str, *, with_token: bool) -> list[str]:
    header = ' -H "Authorization: Bearer $CCPROXY_TOKEN"' if with_token else ""
    lines = []
    for title, path, body in _CALLS:
        lines += [f"  # {title}", f"  curl -s {url}/v1/{path}{header} -d '{body}'"]
    return lines
