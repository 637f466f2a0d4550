"""The sections of the settings file, one frozen model each.

The docstring under a field is its documentation everywhere: in the generated file, in
the JSON Schema and in the reference.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from ccproxy.models.quota import parse_budget, parse_tokens, parse_usd

_RATE = re.compile(r"[1-9][0-9]*/(second|minute|hour|day)")


def _absolute(path: Path) -> Path:
    """Expand ``~`` and refuse what would depend on the current directory."""
    try:
        expanded = path.expanduser()
    except RuntimeError as error:
        raise ValueError("should not start with ~: there is no home folder") from error
    if not expanded.is_absolute():
        raise ValueError("should be an absolute path, or one that starts with ~")
    return expanded


def _rate(text: str) -> str:
    if not _RATE.fullmatch(text):
        raise ValueError("should read like 600/minute (or second, hour, day)")
    return text


def _tokens(text: str) -> str:
    parse_tokens(text)
    return text


def _usd(text: str) -> str:
    parse_usd(text)
    return text


def _budget(text: str) -> str:
    parse_budget(text)
    return text


def _targets(to: object) -> object:
    """Say in one sentence what else would be told once for each of the two types."""
    names = tuple(to) if isinstance(to, list | tuple) else to
    several = names if isinstance(names, tuple) else (names,)
    if several and all(isinstance(name, str) and name for name in several):
        return names
    raise ValueError("should be a provider, or a list of providers")


def _token(token: SecretStr) -> SecretStr:
    if not token.get_secret_value().strip():
        raise ValueError("should not be empty")
    return token


def _proxy(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("should start with http:// or https://")
    return url


def _redis(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("should start with redis:// or rediss://")
    return url


def _database(url: SecretStr) -> SecretStr:
    said = url.get_secret_value()
    file = said.partition("duckdb:///")[2]
    is_server = said.startswith(("postgresql://", "postgresql+psycopg://"))
    if said and not is_server and file in {"", ":memory:"}:
        raise ValueError(
            "should read like duckdb:////folder/file.duckdb or postgresql://host/name"
        )
    return url


def _readable(file: Path) -> Path:
    if not os.access(file, os.R_OK):
        raise ValueError("should be a file that can be read")
    return file


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A length of time; zero where zero has a meaning."""
Timeout = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""How long to wait, in seconds, at least a little."""
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""An amount of US dollars."""
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
"""A path that means the same wherever the gateway is started."""
ReadableFile = Annotated[AbsolutePath, AfterValidator(_readable)]
"""A file that is there."""
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
"""The URL of a database; secret, since it may hold a password."""
Rate = Annotated[str, AfterValidator(_rate)]
"""A number of requests per unit of time."""
TokenRate = Annotated[str, AfterValidator(_tokens)]
"""A number of tokens per unit of time."""
CostRate = Annotated[str, AfterValidator(_usd)]
"""US dollars per unit of time."""
Budget = Annotated[str, AfterValidator(_budget)]
"""US dollars per day, per month or in total."""
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
"""The URL of a proxy; secret, since it may hold a password."""
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
"""The URL of a Redis; secret, since it may hold a password."""


Token = Annotated[SecretStr, AfterValidator(_token)]
"""A secret that is not empty, since an empty one would let anybody in."""


class Section(BaseModel):
    """What all sections share: no unknown keys, no changes once loaded."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class Server(Section):
    """Where the gateway listens and how it stops."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on. Beyond loopback a client token is needed."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    workers: int = Field(default=1, ge=1)
    """Number of server processes."""
    grace_seconds: Seconds = 10.0
    """How long open streams may take to finish when the gateway stops."""
    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    """Largest request body, decoded, in bytes."""
    keepalive_seconds: Seconds = 15.0
    """Silence in a stream after which a keep-alive goes to the client; 0 is never."""


class Security(Section):
    """Who may use the gateway."""

    client_tokens: tuple[Token, ...] = ()
    """Tokens a client may show; with none, loopback clients need no token."""
    client_tokens_file: AbsolutePath | None = None
    """File with more client tokens, one per line."""
    keys: bool = False
    """Whether keys made with ccproxy keys may be shown, too; then all clients have to
    show a token or a key, even while there is none."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names clients may use beside those of the loopback address."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the gateway."""


class Http(Section):
    """How the gateway reaches its upstreams."""

    connect_timeout: Timeout = 10.0
    """Seconds to wait for a connection."""
    read_timeout: Timeout = 300.0
    """Seconds of silence from an upstream, between two chunks, until it is given up."""
    max_connections: int = Field(default=1000, ge=1)
    """Largest number of connections open at once."""
    proxy: ProxyUrl | None = None
    """URL of the proxy for all upstreams, such as http://user:password@host:3128."""
    ca_file: ReadableFile | None = None
    """File of PEM certificates to trust in place of the usual authorities."""
    trust_env: bool = False
    """Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY are followed."""


class Logging(Section):
    """What is logged, and in which form; logs go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least weight of what is logged: debug, info, warning or error."""
    format: Literal["auto", "json", "console"] = "auto"
    """Form of a log line: json, console, or auto (console in a terminal)."""


class Storage(Section):
    """Where records and account facts are kept."""

    url: DatabaseUrl = SecretStr("")
    """URL of the database, duckdb:////folder/file.duckdb or postgresql://host/name;
    empty is a DuckDB file in the data folder."""
    request_log: bool = True
    """Whether a record of each request to a model is kept; never what was said."""
    queue_size: int = Field(default=10_000, ge=1)
    """Records that may wait to be written; beyond it new ones are dropped and
    counted."""
    batch_size: int = Field(default=5000, ge=1)
    """Records that are written at most at a time."""
    flush_seconds: Seconds = 2.0
    """Seconds for which a batch gathers, if it does not fill before."""
    lag_warning_seconds: Timeout = 10.0
    """Seconds a record may wait to be written before the log says so."""
    retention_days: int = Field(default=30, ge=1)
    """Days for which records of requests are kept, beside today."""
    archive_dir: AbsolutePath | None = None
    """Folder where a DuckDB file's older records go, as a Parquet file per day; not
    set, they are deleted."""


class Capture(Section):
    """What is kept of what is said in requests and their answers."""

    providers: tuple[str, ...] = ()
    """Patterns of providers, such as codex or openai*, with whom all that is said is
    kept beside its record, secrets masked; with none, nothing is."""
    max_bytes: int = Field(default=256 * 1024, ge=1)
    """Bytes of each request and each answer that are kept; the rest is cut off."""
    retention_days: int = Field(default=7, ge=1)
    """Days for which they are kept, beside today, but no longer than their records."""


class ModelRoute(Section):
    """Sends the models of a pattern to a provider."""

    match: str = Field(min_length=1)
    """Pattern of model names, such as gpt-*."""
    to: Annotated[str | tuple[str, ...], BeforeValidator(_targets)]
    """Provider, or provider/model to ask for another model; or a list of them, of which
    the first that can answer does."""

    @property
    def targets(self) -> tuple[str, ...]:
        """All of ``to``, in order."""
        return (self.to,) if isinstance(self.to, str) else self.to


class Routing(Section):
    """Which provider answers which model."""

    default_provider: str | None = Field(default=None, min_length=1)
    """Provider for models that no route matches."""
    routes: tuple[ModelRoute, ...] = ()
    """Routes in order, each a table [[routing.routes]] with match (a pattern of model
    names) and to (a provider or provider/model, or a list of them in the order in which
    they are tried); the first match wins."""
    circuit_failures: int = Field(default=5, ge=0)
    """Failures in a row after which a provider's model is passed over where there is
    another choice; 0 is never."""
    circuit_seconds: Seconds = 30.0
    """How long it is passed over, unless the provider says for how long."""
    affinity_seconds: Seconds = 3600.0
    """Silence after which a conversation is no longer kept with the provider and
    account that have answered it; 0 never keeps it."""


class ModelLimit(Section):
    """Limits the models of a pattern."""

    match: str = Field(min_length=1)
    """Pattern of models as providers know them, such as gpt-*, or with the provider
    before it, such as codex/*."""
    requests: Rate | None = None
    """Requests of all callers for all these models, per second, minute, hour or day."""
    concurrent: int = Field(default=0, ge=0)
    """Requests for them that may be answered at once; 0 is any number."""
    tokens: TokenRate | None = None
    """Tokens of all callers for all these models, such as 1M/hour."""
    cost: CostRate | None = None
    """US dollars of all callers for all these models, such as 2.50/hour."""


class Price(Section):
    """What a model costs, in US dollars for a million tokens."""

    match: str = Field(min_length=1)
    """Pattern of model names, as the provider calls them, such as llama-*."""
    provider: str | None = Field(default=None, min_length=1)
    """The only provider it is the price of."""
    input: Usd
    """For tokens that are read."""
    cache_read: Usd | None = None
    """For those that are taken from the cache; not set, as for input."""
    cache_write: Usd | None = None
    """For those that are written to it; not set, as for input."""
    cache_write_1h: Usd | None = None
    """For those that it keeps for an hour; not set, as for cache_write."""
    output: Usd
    """For tokens that are written, reasoning included."""


class Prices(Section):
    """What models cost, where the list of genai-prices is not to be followed."""

    models: tuple[Price, ...] = ()
    """Prices, each a table [[prices.models]] with match (a pattern of model names),
    input and output, in US dollars for a million tokens; the first match wins."""


class Limits(Section):
    """How often callers may ask models, and for how much."""

    enabled: bool = False
    """Whether requests are limited."""
    window: Literal["sliding", "fixed"] = "sliding"
    """How a rate is counted: sliding (over the time that has just passed, exactly) or
    fixed (from a first request on, then anew; keeps only a number)."""
    requests: Rate = "600/minute"
    """Requests per second, minute, hour or day of each client token; where none is
    asked for, of each address."""
    concurrent: int = Field(default=0, ge=0)
    """Requests of a client token, or else address, that may be answered at once; 0 is
    any number."""
    address_requests: Rate | None = None
    """Requests per second, minute, hour or day of each address, whatever tokens it
    shows."""
    address_concurrent: int = Field(default=0, ge=0)
    """Requests of an address that may be answered at once; 0 is any number."""
    tokens: TokenRate | None = None
    """Tokens of each client token, or else address, such as 100000/hour or 1M/day; read
    and written ones, those of the cache included."""
    address_tokens: TokenRate | None = None
    """The same of each address, whatever tokens it shows."""
    cost: CostRate | None = None
    """US dollars of each client token, or else address, such as 2.50/hour; what has no
    known price counts as nothing."""
    address_cost: CostRate | None = None
    """The same of each address, whatever tokens it shows."""
    budgets: tuple[Budget, ...] = ()
    """Budgets of each client token, or else address, in US dollars per day or month
    (UTC) or in total, such as 5/day and 100/month; all of them hold, also over
    restarts."""
    models: tuple[ModelLimit, ...] = ()
    """Limits of models, each a table [[limits.models]] with match (a pattern of models,
    such as gpt-* or codex/*), requests, concurrent, tokens and cost; all that match
    hold."""
    redis_url: RedisUrl | None = None
    """URL of a Redis in which all workers and gateways count together, but for requests
    at once and budgets; not set, each process counts for itself."""


class Guard(Section):
    """Stops agents that run in circles, or away."""

    enabled: bool = False
    """Whether requests are watched for it. Each process watches for itself, in
    memory."""
    repeats: int = Field(default=10, ge=0, le=100)
    """How often the same tool call may bring the same result since the user's own last
    words; half as often is warned of, 0 is any number."""
    session_tokens: int = Field(default=0, ge=0)
    """Tokens a session may use, if the client names it; four fifths of them are warned
    of, 0 is any number."""
    session_cost: Usd = 0
    """US dollars a session may cost, by the same rules."""
    session_seconds: Seconds = 0
    """Seconds a session may last, by the same rules; it begins anew after an hour of
    silence."""


class Hooks(Section):
    """How events reach those who listen."""

    timeout_seconds: Timeout = 5.0
    """How long one hook may take for one event."""
    queue_size: int = Field(default=10_000, ge=1)
    """Events that may wait; beyond it new ones are dropped and counted."""


class Dashboard(Section):
    """The page that shows what the gateway does."""

    enabled: bool = True
    """Whether the dashboard is served, if its wheel is installed."""


class Plugins(Section):
    """Which plugins are used; each has a section [plugins.NAME] of its own."""

    model_config = ConfigDict(
        json_schema_extra={"additionalProperties": {"type": "object"}}
    )

    enable: tuple[str, ...] | None = None
    """The only plugins to use; not set, all that are installed."""
    disable: tuple[str, ...] = ()
    """Plugins not to use."""
    directory: AbsolutePath | None = None
    """Folder with plugins beside those that are installed."""
