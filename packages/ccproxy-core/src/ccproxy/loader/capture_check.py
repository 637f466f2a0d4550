"""Whether what the settings want to keep can be kept."""

from fnmatch import fnmatchcase

from ccproxy.config import Layers, Settings
from ccproxy.errors import ConfigError
from ccproxy.loader.manager import PluginManager

_PATH = ("capture", "providers")


def check_capture(layers: Layers, settings: Settings, plugins: PluginManager) -> None:
    """Refuse settings by which nothing would be captured, although somebody wants it.

    Args:
        layers: What they were read from.
        settings: Whose ``[capture]`` is checked.
        plugins: Loaded.

    Raises:
        ConfigError: No provider is meant, or there are no records to keep bodies with.
    """
    patterns = settings.capture.providers
    if patterns and not settings.storage.request_log:
        msg = "capture.providers needs storage.request_log, which is false."
        hint = "What was said is kept beside its record."
        raise ConfigError(layers.placed(_PATH, msg), hint=hint)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in plugins.providers):
            msg = f"capture.providers has {pattern!r}, which no provider is named like."
            known = ", ".join(sorted(plugins.providers)) or "none"
            hint = f"There are: {known}."
            raise ConfigError(layers.placed(_PATH, msg), hint=hint)
