"""Everything ccproxy raises on purpose.

::

    CCProxyError
    ├── ConfigError             a setting is unknown, of the wrong type, or unreadable
    ├── PluginError             a plugin can't be loaded, set up or started
    │   └── NotInstalledError   what was asked for lives in a wheel that is absent
    ├── StartError              the gateway can't start
    │   ├── PortInUseError
    │   └── ExposedError        not on loopback and no client token
    ├── RequestError            the caller's request can't be served as it is
    │   ├── BadRequestError     it can't be read
    │   ├── BodyTooLargeError
    │   ├── UnsupportedEncodingError
    │   ├── AccessDeniedError   host, origin, or what a key may not be used for
    │   ├── UnauthorizedError   client token missing or wrong
    │   ├── LimitExceededError
    │   ├── MethodNotAllowedError
    │   ├── UnknownProviderError
    │   ├── UnknownRequestError the request log has no such record, or not what was said
    │   ├── DialectNotSpokenError
    │   ├── PreviousAnswerError it goes on from an answer that nobody keeps
    │   └── UntranslatableError it can't be said in the provider's dialect
    ├── CredentialError         a provider has no usable login
    ├── StorageError            the database can't be opened, read or written
    ├── ShuttingDownError       the gateway is stopping and can't finish this answer
    └── UpstreamError           the upstream gave no answer
        ├── UpstreamConnectError
        ├── UpstreamTimeoutError
        ├── UpstreamRestingError  all that could answer have failed of late
        └── UpstreamDiedError   it stopped in the middle of its answer

An upstream's own 4xx or 5xx is an answer, not an error. Errors know nothing of HTTP:
``ccproxy.api.errors`` maps them to status codes in one table, and the command line maps
them to exit codes in another.
"""

from datetime import timedelta


class CCProxyError(Exception):
    """The root: what happened, and what to do about it.

    Attributes:
        message: What happened, one sentence, never a secret.
        hint: What to do next, or ``None`` when there is nothing to add.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(CCProxyError):
    """A setting is unknown, of the wrong type, or its file can't be read."""


class PluginError(CCProxyError):
    """A plugin can't be loaded, set up or started; it alone is disabled."""


class NotInstalledError(PluginError):
    """What was asked for lives in a wheel that is not installed."""


class StartError(CCProxyError):
    """The gateway can't start."""


class PortInUseError(StartError):
    """Another program listens on the port."""


class ExposedError(StartError):
    """The gateway would listen beyond loopback without a client token."""


class RequestError(CCProxyError):
    """The caller's request can't be served as it is."""


class BadRequestError(RequestError):
    """The request can't be read: not JSON, no model, a broken encoding."""


class BodyTooLargeError(RequestError):
    """The request body, decoded, is over the cap."""


class UnsupportedEncodingError(RequestError):
    """The body's ``content-encoding`` is none the gateway can decode."""


class AccessDeniedError(RequestError):
    """Host or Origin are not on the allow-list, or a key is not for what is asked."""


class UnauthorizedError(RequestError):
    """The client token is missing or wrong."""


class LimitExceededError(RequestError):
    """The caller asked more often, or used more, than the limits allow.

    Attributes:
        retry_after: How long to wait until the next request is allowed; ``None`` where
            waiting helps nothing.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta | None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class MethodNotAllowedError(RequestError):
    """The path exists, but not for this HTTP method.

    Attributes:
        allowed: The methods it takes.
    """

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class UnknownProviderError(RequestError):
    """No provider of that name, or none at all, can answer the model."""


class UnknownRequestError(RequestError):
    """The request log has no record of such a request, or not what was said in it."""


class DialectNotSpokenError(RequestError):
    """The provider speaks no dialect in which the caller's request could be asked."""


class PreviousAnswerError(RequestError):
    """The request goes on from an answer that is not kept, or not any more."""


class UntranslatableError(RequestError):
    """A part of the request can't be said in the provider's dialect, and matters."""


class CredentialError(CCProxyError):
    """A provider has no usable login: absent, expired or unreadable."""


class StorageError(CCProxyError):
    """The database can't be opened, read or written, or is newer than the code."""


class ShuttingDownError(CCProxyError):
    """The gateway is stopping and can't finish this answer."""


class UpstreamError(CCProxyError):
    """The upstream gave no answer, or only a part of one."""


class UpstreamConnectError(UpstreamError):
    """No connection to the upstream could be made."""


class UpstreamTimeoutError(UpstreamError):
    """The upstream was silent for longer than the settings allow."""


class UpstreamRestingError(UpstreamError):
    """All that could answer have failed of late, and are not asked for now.

    Attributes:
        retry_after: How long to wait until one of them is asked again.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class UpstreamDiedError(UpstreamError):
    """The upstream stopped in the middle of its answer."""
