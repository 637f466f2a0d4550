"""What a plugin may add."""

import pytest

from ccproxy.sdk import Contributions, ProfileFields
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
