"""The errors a plugin may raise or catch; drawn as a tree at ``ccproxy.errors``."""

from ccproxy.errors import (
    BadRequestError,
    CCProxyError,
    CredentialError,
    PluginError,
    RequestError,
    StorageError,
    UpstreamConnectError,
    UpstreamDiedError,
    UpstreamError,
    UpstreamTimeoutError,
)

__all__ = [
    "BadRequestError",
    "CCProxyError",
    "CredentialError",
    "PluginError",
    "RequestError",
    "StorageError",
    "UpstreamConnectError",
    "UpstreamDiedError",
    "UpstreamError",
    "UpstreamTimeoutError",
]
