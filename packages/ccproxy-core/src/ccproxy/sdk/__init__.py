"""Everything a plugin may import.

The names here are the plugin contract; what is not here is the gateway's own affair.
Events live in ``ccproxy.sdk.events``, errors in ``ccproxy.sdk.errors``.
"""

from ccproxy.dialects import Dialect, Endpoint
from ccproxy.sdk.asgi import ASGIApp, Message, Middleware, Receive, Scope, Send
from ccproxy.sdk.contributions import Command, Contributions, Hook
from ccproxy.sdk.credential import (
    ApiKey,
    Credential,
    LoginState,
    LoginStatus,
    NoCredential,
)
from ccproxy.sdk.json import Json, JsonObject
from ccproxy.sdk.plugin import Manifest, Plugin, PluginConfig, PluginContext
from ccproxy.sdk.provider import Model, Provider
from ccproxy.sdk.route import Request, Response, Route
from ccproxy.sdk.upstream import (
    Upstream,
    UpstreamRequest,
    UpstreamResponse,
    read_all,
)

__all__ = [
    "ASGIApp",
    "ApiKey",
    "Command",
    "Contributions",
    "Credential",
    "Dialect",
    "Endpoint",
    "Hook",
    "Json",
    "JsonObject",
    "LoginState",
    "LoginStatus",
    "Manifest",
    "Message",
    "Middleware",
    "Model",
    "NoCredential",
    "Plugin",
    "PluginConfig",
    "PluginContext",
    "Provider",
    "Receive",
    "Request",
    "Response",
    "Route",
    "Scope",
    "Send",
    "Upstream",
    "UpstreamRequest",
    "UpstreamResponse",
    "read_all",
]
