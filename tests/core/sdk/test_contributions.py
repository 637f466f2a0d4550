"""What a plugin may add."""

from typing import cast

import pytest

from ccproxy.sdk import Contributions, Logins, ProfileFields
from ccproxy.sdk.errors import PluginError

pytestmark = pytest.mark.unit


async def whoami() -> tuple[ProfileFields, ...]:
    return ()


def test_a_plugin_says_where_its_migrations_are() -> None:
    adds = Contributions()
    adds.migrations("hello_plugin:migrations")
    assert adds.migration_scripts == ["hello_plugin:migrations"]


@pytest.mark.parametrize("location", ["", "hello_plugin", "hello_plugin:", ":folder"])
def test_a_location_is_a_package_and_a_folder(location: str) -> None:
    with pytest.raises(PluginError, match="can't be the plugin's migrations"):
        Contributions().migrations(location)


def test_a_plugin_has_one_run_of_migrations() -> None:
    adds = Contributions()
    adds.migrations("hello_plugin:migrations")
    with pytest.raises(PluginError, match="can't be the plugin's migrations"):
        adds.migrations("hello_plugin:more")


def test_a_plugin_adds_one_profile_adapter_per_provider() -> None:
    adds = Contributions()
    adds.profile_adapter("hello", whoami)
    adds.profile_adapter("other", whoami)
    with pytest.raises(PluginError, match="two profile adapters for 'hello'"):
        adds.profile_adapter("hello", whoami)


def test_a_plugin_keeps_the_logins_of_a_provider_in_one_place() -> None:
    adds, keeper = Contributions(), cast("Logins", object())
    adds.logins("hello", keeper)
    assert adds.login_keepers == {"hello": keeper}
    with pytest.raises(PluginError, match="logins of 'hello' are kept twice"):
        adds.logins("hello", keeper)
