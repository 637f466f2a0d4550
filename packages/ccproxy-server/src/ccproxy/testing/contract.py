"""What every plugin must hold to, as tests to inherit.

.. code-block:: python

    class TestHello(PluginContract):
        plugin = HelloPlugin
"""

import subprocess
import sys
from collections.abc import Mapping
from typing import ClassVar

from ccproxy.loader.discovery import PluginClass
from ccproxy.sdk import Contributions
from ccproxy.testing.running import gateway

HEAVY = (
    *("aiohttp", "alembic", "duckdb", "fastapi", "opentelemetry.sdk"),
    *("prometheus_client", "sqlmodel"),
)
"""Libraries an entry module must leave to ``setup`` and ``start``."""


class PluginContract:
    """Inherit, name the plugin, and pytest runs these.

    Attributes:
        plugin: The plugin's class.
        config: What its section in a settings file would say.
    """

    plugin: ClassVar[PluginClass]
    config: ClassVar[Mapping[str, object]] = {}

    def test_setup_is_pure(self) -> None:
        """Setting up twice contributes the same twice."""
        assert self._contributed() == self._contributed()

    def test_entry_module_is_light(self) -> None:
        """Importing the plugin imports no heavy library."""
        code = (
            f"import sys; import {self.plugin.__module__}; "
            f"print(*sorted(set(sys.modules) & set({HEAVY!r})))"
        )
        found = subprocess.run(  # noqa: S603  (our own interpreter and code)
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == []

    async def test_starts_runs_and_stops(self) -> None:
        """A gateway with the plugin starts, says it runs, and stops."""
        name = self.plugin.manifest.name
        async with gateway(self.plugin, settings=self._settings()) as running:
            status = (await running.client.get("/api/plugins/status")).json()
        states = {each["name"]: each for each in status["plugins"]}
        assert states[name]["state"] == "running", states[name]["reason"]

    async def test_can_be_turned_off(self) -> None:
        """``enabled = false`` leaves a gateway that runs without the plugin."""
        name = self.plugin.manifest.name
        settings = {"plugins": {name: {**self.config, "enabled": False}}}
        async with gateway(self.plugin, settings=settings) as running:
            status = (await running.client.get("/api/plugins/status")).json()
        states = {each["name"]: each["state"] for each in status["plugins"]}
        assert states[name] == "disabled"

    def _settings(self) -> Mapping[str, object]:
        return {"plugins": {self.plugin.manifest.name: dict(self.config)}}

    def _contributed(self) -> list[str]:
        adds = Contributions()
        config = self.plugin.manifest.config.model_validate(dict(self.config))
        self.plugin(config).setup(adds)
        return [
            *(f"provider {each.name} {each.base_url}" for each in adds.providers),
            *(f"hook {event.name}" for event, _ in adds.hooks),
            *(f"route {each.path} {each.methods}" for each in adds.routing),
            *(f"command {each}" for each in adds.commands),
            *(f"profile adapter {each}" for each in adds.profile_adapters),
            *(f"logins of {each}" for each in adds.login_keepers),
            *(f"migrations {each}" for each in adds.migration_scripts),
            f"{len(adds.middlewares)} middlewares",
        ]
