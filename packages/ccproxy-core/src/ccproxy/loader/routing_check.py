"""Whether the settings send requests to providers that exist."""

from ccproxy.config import Layers, Settings
from ccproxy.config.keypath import KeyPath, dotted
from ccproxy.errors import ConfigError
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.manager import PluginManager


def check_routing(layers: Layers, settings: Settings, plugins: PluginManager) -> None:
    """Refuse settings that name providers nobody contributes.

    Args:
        layers: What they were read from.
        settings: Whose ``[routing]`` is checked.
        plugins: Loaded.

    Raises:
        ConfigError: A provider does not exist.
    """
    routing = settings.routing
    wanted: list[tuple[KeyPath, str | None]] = [
        (("routing", "default_provider"), routing.default_provider)
    ]
    wanted += [
        (("routing", "routes", place, "to"), to)
        for place, route in enumerate(routing.routes)
        for to in route.targets
    ]
    known = plugins.providers
    off = {each.name: each.reason for each in plugins.status().plugins}
    for path, to in wanted:
        name = (to or "").partition("/")[0]
        if not name or name in known:
            continue
        hint = f"There are: {', '.join(sorted(known)) or 'none'}."
        if reason := off.get(name):
            hint += f" The plugin {name} is off: {reason}."
        elif name not in off and (piece := by_plugin(name)):
            hint += f" For this one: pip install {piece.wheel}"
        msg = f"{dotted(path)} names the provider {name!r}, which does not exist."
        raise ConfigError(layers.placed(path, msg), hint=hint)
