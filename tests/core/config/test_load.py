"""Wrong settings are told all at once, each with its place and shape."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from ccproxy.config import Layers, Settings, load, plugin_sections, section
from ccproxy.errors import ConfigError
from ccproxy.sdk import BaseUrl, PluginConfig

pytestmark = pytest.mark.unit

Read = Callable[..., Layers]


class Instance(BaseModel):
    """One upstream of several."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str


class Timer(BaseModel):
    kind: Literal["timer"]
    seconds: int


class Alarm(BaseModel):
    kind: Literal["alarm"]
    at: str


class DemoConfig(PluginConfig):
    """A plugin with a need of its own."""

    region: str
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    instances: dict[str, Instance] = Field(default_factory=dict)
    clock: Annotated[Timer | Alarm, Field(discriminator="kind")] | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key is None and self.api_key_file is None:
            raise ValueError("needs api_key or api_key_file")
        return self


def _load_error(layers: Layers) -> str:
    with pytest.raises(ConfigError) as caught:
        load(layers)
    return str(caught.value)


def _section_error(layers: Layers) -> str:
    with pytest.raises(ConfigError) as caught:
        section(layers, "demo", DemoConfig)
    return str(caught.value)


def test_no_layers_are_the_defaults(read: Read) -> None:
    assert load(read()) == Settings()


@pytest.mark.parametrize(
    ("toml", "line", "message"),
    [
        (
            '[server]\nport = "8000"',
            2,
            'server.port should be a valid integer, but is the string "8000".',
        ),
        (
            "[server]\nport = 8000.5",
            2,
            "server.port should be a valid integer, but is 8000.5.",
        ),
        (
            "[server]\n\nport = 70000",
            3,
            "server.port should be less than or equal to 65535, but is 70000.",
        ),
        (
            "server.host = 1",
            1,
            "server.host should be text in quotes, but is an integer.",
        ),
        (
            "server = 'x'",
            1,
            "server should be a table, but is a string of 1 character.",
        ),
        (
            "[limits]\nenabled = 1",
            2,
            "limits.enabled should be true or false, but is 1.",
        ),
        (
            "[limits]\nrequests = '6 per hour'",
            2,
            (
                "limits.requests should read like 600/minute (or second, hour, day), "
                "but is a string of 10 characters."
            ),
        ),
        (
            "[limits]\ntokens = '1G/hour'",
            2,
            (
                "limits.tokens should read like 100000/hour, 50k/minute or 1M/day, "
                "but is a string of 7 characters."
            ),
        ),
        (
            "[[limits.models]]\nmatch = '*'\ncost = '2 dollars'",
            3,
            (
                "limits.models[0].cost should read like 2.50/hour (or second, minute, "
                "day), but is a string of 9 characters."
            ),
        ),
        (
            "[logging]\nlevel = 'loud'",
            2,
            (
                "logging.level should be 'debug', 'info', 'warning' or 'error', "
                'but is the string "loud".'
            ),
        ),
        (
            "[http]\nread_timeout = inf",
            2,
            "http.read_timeout should be a finite number, but is inf.",
        ),
        (
            "[http]\nconnect_timeout = 2026-01-01",
            2,
            "http.connect_timeout should be a valid number, but is a date or time.",
        ),
        (
            "[http]\nproxy = 'socks://proxy'",
            2,
            (
                "http.proxy should start with http:// or https://, "
                "but is a string of 13 characters."
            ),
        ),
        (
            "[http]\nca_file = 'certs/ca.pem'",
            2,
            (
                "http.ca_file should be an absolute path, or one that starts with ~, "
                "but is a string of 12 characters."
            ),
        ),
        (
            "[http]\nca_file = '/nowhere/ca.pem'",
            2,
            (
                "http.ca_file should be a file that can be read, "
                "but is a string of 15 characters."
            ),
        ),
        *(
            (
                f"[storage]\nurl = '{url}'",
                2,
                (
                    "storage.url should read like duckdb:////folder/file.duckdb or "
                    f"postgresql://host/name, but is a string of {len(url)} characters."
                ),
            )
            for url in (
                *("mysql://host/name", "/srv/x.duckdb"),
                *("duckdb:///:memory:", "duckdb://x.duckdb"),
            )
        ),
        (
            "[security]\nclient_tokens = 'abc'",
            2,
            "security.client_tokens should be a list, but is a string of 3 characters.",
        ),
        (
            "[security]\nclient_tokens = ['abc', '']",
            2,
            "security.client_tokens[1] should not be empty, but is an empty string.",
        ),
        (
            "[security]\nallowed_hosts = [['a', 'b']]",
            2,
            "security.allowed_hosts[0] should be text in quotes, but is a list of 2.",
        ),
        (
            "[dashboard]\nenabled = { yes = 1, no = 2 }",
            2,
            "dashboard.enabled should be true or false, but is a table of 2 keys.",
        ),
        (
            "[[routing.routes]]\nmatch = 'a'\nto = 'b'\n[[routing.routes]]\nto = ''",
            5,
            (
                "routing.routes[1].to should be a provider, or a list of providers, "
                "but is an empty string."
            ),
        ),
    ],
)
def test_a_wrong_value_in_the_file_is_told_with_line_and_shape(
    toml: str, line: int, message: str, read: Read, file: Path
) -> None:
    told = _load_error(read(toml)).splitlines()
    assert f"{file}:{line}: {message}" in told
    assert len(told) == 1 or told == [
        "2 settings are wrong:",
        f"{file}:4: routing.routes[1].match is missing.",
        f"{file}:{line}: {message}",
    ]


@pytest.mark.parametrize(
    ("toml", "line", "message"),
    [
        (
            "[server]\nhots = 'x'",
            2,
            (
                "server.hots is not a setting; it holds a string of 1 character. "
                "Did you mean server.host?"
            ),
        ),
        (
            "[sever]\nport = 1",
            1,
            "sever is not a setting; it holds a table of 1 key. Did you mean server?",
        ),
        (
            "lag_warning_seconds = 3",
            1,
            (
                "lag_warning_seconds is not a setting; it holds an integer. "
                "Did you mean storage.lag_warning_seconds?"
            ),
        ),
        ("[server]\nzzz = true", 2, "server.zzz is not a setting; it holds a boolean."),
        (
            "[[routing.routes]]\nmatch = 'a'\nto = 'b'\nmach = 1.5",
            4,
            (
                "routing.routes[0].mach is not a setting; it holds a number. "
                "Did you mean routing.routes[0].match?"
            ),
        ),
        (
            "[plugins]\nenabel = ['a']",
            2,
            (
                "plugins.enabel is not a setting; it holds a list of 1. "
                "Did you mean plugins.enable?"
            ),
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(
    toml: str, line: int, message: str, read: Read, file: Path
) -> None:
    assert _load_error(read(toml)) == f"{file}:{line}: {message}"


@pytest.mark.parametrize(
    ("environ", "overrides", "message"),
    [
        (
            {"ccproxy_Server__Port": "80o0"},
            {},
            (
                "ccproxy_Server__Port: server.port should be a valid integer, "
                "but is 80o0."
            ),
        ),
        (
            {"CCPROXY_SERVER__PROT": "1"},
            {},
            (
                "CCPROXY_SERVER__PROT: server.prot is not a setting; "
                "it holds a string of 1 character. Did you mean server.port?"
            ),
        ),
        (
            {"CCPROXY_DASHBOARD__ENABLED": "maybe"},
            {},
            (
                "CCPROXY_DASHBOARD__ENABLED: dashboard.enabled should be true or "
                "false, but is maybe."
            ),
        ),
        (
            {"CCPROXY_PLUGINS__DISABLE": "a,b"},
            {},
            (
                "CCPROXY_PLUGINS__DISABLE: plugins.disable should be a list, "
                "but is a string of 3 characters. "
                'Here a list is JSON such as ["a", "b"], a table is JSON such as '
                '{"a": 1}.'
            ),
        ),
        (
            {},
            {"server.port": ""},
            (
                "--set server.port: server.port should be a valid integer, "
                "but is an empty string."
            ),
        ),
        (
            {},
            {"logging.level": "loud"},
            (
                "--set logging.level: logging.level should be 'debug', 'info', "
                "'warning' or 'error', but is loud."
            ),
        ),
        (
            {},
            {"storage.retention_day": "1"},
            (
                "--set storage.retention_day: storage.retention_day is not a setting; "
                "it holds a string of 1 character. Did you mean storage.retention_days?"
            ),
        ),
        (
            {},
            {"routing.routes": '[{"match": "a"}]'},
            "--set routing.routes: routing.routes[0].to is missing.",
        ),
    ],
)
def test_a_variable_or_an_option_is_told_by_its_name(
    environ: dict[str, str], overrides: dict[str, str], message: str, read: Read
) -> None:
    assert _load_error(read("", environ, overrides)) == message


def test_all_that_is_wrong_is_told_in_the_order_of_the_layers(
    read: Read, file: Path
) -> None:
    layers = read(
        "zzz = 1\n[http]\ntrust = true\n[server]\nport = '1'\nworkers = 0\n",
        {"CCPROXY_HOOKS__QUEUE_SIZE": "none", "CCPROXY_SERVER__PORT": "x"},
        {"server.host": ""},
    )
    assert _load_error(layers).splitlines() == [
        "7 settings are wrong:",
        f"{file}:1: zzz is not a setting; it holds an integer.",
        (
            f"{file}:3: http.trust is not a setting; it holds a boolean. "
            "Did you mean http.trust_env?"
        ),
        (f'{file}:5: server.port should be a valid integer, but is the string "1".'),
        (f"{file}:6: server.workers should be greater than or equal to 1, but is 0."),
        (
            "CCPROXY_HOOKS__QUEUE_SIZE: hooks.queue_size should be a valid integer, "
            "but is none."
        ),
        ("CCPROXY_SERVER__PORT: server.port should be a valid integer, but is x."),
        (
            "--set server.host: server.host should have at least 1 character, "
            "but is an empty string."
        ),
    ]


def test_a_wrong_value_is_told_even_if_a_stronger_layer_hides_it(
    read: Read, file: Path
) -> None:
    layers = read("server = 1\n", {"CCPROXY_SERVER__PORT": "1"})
    assert _load_error(layers) == (
        f"{file}:1: server should be a table, but is an integer."
    )


def test_sections_of_plugins_are_no_business_of_the_settings(read: Read) -> None:
    layers = read(
        "[plugins]\ndisable = ['a']\n[plugins.absent]\nx = 1\n",
        {"CCPROXY_PLUGINS__OTHER__KEY": "1"},
    )
    assert load(layers).plugins.disable == ("a",)
    assert plugin_sections(layers) == ("absent", "other")


@pytest.mark.parametrize("toml", ["", "plugins = 1", "[plugins]\nenable = []"])
def test_without_sections_of_plugins_there_are_no_names(toml: str, read: Read) -> None:
    assert plugin_sections(read(toml)) == ()


def test_a_plugin_needs_its_settings_from_all_layers_together(read: Read) -> None:
    layers = read(
        "[plugins.demo.instances.a]\nbase_url = 'x'\n",
        {
            "CCPROXY_PLUGINS__DEMO__API_KEY": "k",
            "CCPROXY_PLUGINS__DEMO__CLOCK__AT": "9",
        },
        {
            "plugins.demo.region": "eu",
            "plugins.demo.clock.kind": "alarm",
            "plugins.demo.instances.b": '{"base_url": "y"}',
        },
    )
    config = section(layers, "demo", DemoConfig)
    assert (config.region, config.clock) == ("eu", Alarm(kind="alarm", at="9"))
    assert set(config.instances) == {"a", "b"}


def test_a_plugin_without_a_section_has_its_defaults(read: Read) -> None:
    assert section(read(), "plain", PluginConfig) == PluginConfig()


def test_a_missing_key_says_where_to_set_it(read: Read) -> None:
    assert _section_error(read()) == (
        "plugins.demo.region is missing. "
        "Set it in [plugins.demo] or as CCPROXY_PLUGINS__DEMO__REGION."
    )


def test_a_key_missing_from_a_table_of_the_file_names_its_line(
    read: Read, file: Path
) -> None:
    toml = "[plugins.demo]\nregion = 'eu'\n[plugins.demo.instances.a]\n"
    assert _section_error(read(toml)) == (
        f"{file}:3: plugins.demo.instances.a.base_url is missing."
    )


def test_what_only_the_whole_table_can_tell_names_the_table(
    read: Read, file: Path
) -> None:
    assert _section_error(read("[plugins.demo]\nregion = 'eu'\n")) == (
        f"{file}:1: plugins.demo needs api_key or api_key_file."
    )


def test_the_file_is_as_strict_for_plugins_as_for_the_rest(
    read: Read, file: Path
) -> None:
    toml = (
        "[plugins.demo]\nregion = 1\nenabled = 'yes'\napi_kee = 'secret'\n"
        "instances.a.base_ulr = 'x'\n"
    )
    assert _section_error(read(toml)).splitlines() == [
        "5 settings are wrong:",
        f"{file}:2: plugins.demo.region should be text in quotes, but is an integer.",
        (
            f"{file}:3: plugins.demo.enabled should be true or false, "
            'but is the string "yes".'
        ),
        (
            f"{file}:4: plugins.demo.api_kee is not a setting; "
            "it holds a string of 6 characters. Did you mean plugins.demo.api_key?"
        ),
        (
            f"{file}:5: plugins.demo.instances.a.base_ulr is not a setting; "
            "it holds a string of 1 character. "
            "Did you mean plugins.demo.instances.a.base_url?"
        ),
        f"{file}:5: plugins.demo.instances.a.base_url is missing.",
    ]


class Served(PluginConfig):
    """A plugin whose validators say what should be in their own ways."""

    kinds: tuple[Literal["left", "right"], ...] = Field(("left",), min_length=1)
    base_url: BaseUrl = "http://localhost"
    color: str = "red"

    @field_validator("color")
    @classmethod
    def _no_color(cls, color: str) -> str:
        if color != "red":
            raise ValueError("any color will do as long as it is red")
        return color

    @model_validator(mode="after")
    def _never_both(self) -> Self:
        if len(self.kinds) > 1:
            raise ValueError("two kinds exclude each other")
        return self


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (
            "kinds = ['up']",
            "kinds[0] should be 'left' or 'right', but is the string \"up\".",
        ),
        (
            "kinds = []",
            (
                "kinds should have at least 1 item after validation, not 0, "
                "but is a list of 0."
            ),
        ),
        ("kinds = ['left', 'right']", "served: two kinds exclude each other."),
        (
            "color = 'blue'",
            (
                "color: any color will do as long as it is red; "
                "it is a string of 4 characters."
            ),
        ),
        (
            "base_url = 'foo'",
            (
                "base_url should begin with http:// or https:// and name a host, "
                "but is a string of 3 characters."
            ),
        ),
    ],
)
def test_each_mistake_is_one_sentence(toml: str, message: str, read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        section(read(f"[plugins.served]\n{toml}"), "served", Served)
    assert str(caught.value).partition("plugins.")[2].removeprefix("served.") == message


def test_a_section_of_a_plugin_has_to_be_a_table(read: Read) -> None:
    layers = read("plugins.demo = 3")
    assert "plugins.demo should be a table, but is an integer." in _section_error(
        layers
    )
    assert "plugins.demo is not a setting; it holds an integer." in _load_error(layers)
