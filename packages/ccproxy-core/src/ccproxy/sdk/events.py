"""The events a plugin can listen to; documented at ``ccproxy.hooks.events``."""

from ccproxy.hooks.events import (
    EVENTS,
    AuthEvent,
    AuthLogin,
    AuthLogout,
    AuthTokenRefreshed,
    Event,
    Failure,
    HookEvent,
    PluginFailed,
    PluginStarted,
    ProfileUpdated,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
    RequestStarted,
    StreamChunk,
)

__all__ = [
    "EVENTS",
    "AuthEvent",
    "AuthLogin",
    "AuthLogout",
    "AuthTokenRefreshed",
    "Event",
    "Failure",
    "HookEvent",
    "PluginFailed",
    "PluginStarted",
    "ProfileUpdated",
    "RequestCompleted",
    "RequestEnded",
    "RequestFailed",
    "RequestStarted",
    "StreamChunk",
]
