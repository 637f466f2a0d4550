"""Everything a plugin may import.

The names here are the plugin contract; what is not here is the gateway's own affair.
Events live in ``ccproxy.sdk.events``, errors in ``ccproxy.sdk.errors``; private files
are written with ``ccproxy.sdk.disk``. What a plugin shows of words that others have
chosen goes through ``mask_text``.
"""

from ccproxy.dialects import Dialect, Endpoint
from ccproxy.sdk.account import Account, accounts_of
from ccproxy.sdk.asgi import (
    REQUEST_ID,
    ASGIApp,
    Message,
    Middleware,
    Receive,
    Scope,
    Send,
)
from ccproxy.sdk.contributions import Command, Contributions, Hook
from ccproxy.sdk.credential import (
    ApiKey,
    Credential,
    LoginState,
    LoginStatus,
    NoCredential,
)
from ccproxy.sdk.database import Database
from ccproxy.sdk.header import SecretHeaders, revealed
from ccproxy.sdk.json import Json, JsonObject
from ccproxy.sdk.key_profile import key_profile
from ccproxy.sdk.login import AccountLogin, LoginMethod, Logins, Person
from ccproxy.sdk.plugin import Manifest, Plugin, PluginConfig, PluginContext
from ccproxy.sdk.profile import (
    AccountProfile,
    LimitWindow,
    ProfileAdapter,
    ProfileFields,
    Profiles,
)
from ccproxy.sdk.provider import Model, Provider
from ccproxy.sdk.route import Request, Response, Route
from ccproxy.sdk.secret import Found, KeySettings, KeysSettings, Secret
from ccproxy.sdk.upstream import (
    Upstream,
    UpstreamRequest,
    UpstreamResponse,
    read_all,
)
from ccproxy.sdk.url import BaseUrl
from ccproxy.security.sanitizer import mask_text

__all__ = [
    "REQUEST_ID",
    "ASGIApp",
    "Account",
    "AccountLogin",
    "AccountProfile",
    "ApiKey",
    "BaseUrl",
    "Command",
    "Contributions",
    "Credential",
    "Database",
    "Dialect",
    "Endpoint",
    "Found",
    "Hook",
    "Json",
    "JsonObject",
    "KeySettings",
    "KeysSettings",
    "LimitWindow",
    "LoginMethod",
    "LoginState",
    "LoginStatus",
    "Logins",
    "Manifest",
    "Message",
    "Middleware",
    "Model",
    "NoCredential",
    "Person",
    "Plugin",
    "PluginConfig",
    "PluginContext",
    "ProfileAdapter",
    "ProfileFields",
    "Profiles",
    "Provider",
    "Receive",
    "Request",
    "Response",
    "Route",
    "Scope",
    "Secret",
    "SecretHeaders",
    "Send",
    "Upstream",
    "UpstreamRequest",
    "UpstreamResponse",
    "accounts_of",
    "key_profile",
    "mask_text",
    "read_all",
    "revealed",
]
