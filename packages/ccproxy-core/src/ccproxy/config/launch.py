"""What ``serve`` was told, in a form that reaches its worker processes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ccproxy.config.sources import Layers, read_layers
from ccproxy.errors import ConfigError

VARIABLE = "CCPROXY_SERVE"


def parse_sets(texts: Iterable[str]) -> dict[str, str]:
    """Read what stands after ``--set``.

    Raises:
        ConfigError: There is no '='; the text may be a secret and is not repeated.
    """
    overrides = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(
                f"--set was given a text of {len(text)} characters without '='.",
                hint="Write --set section.key=value.",
            )
        overrides[key.strip()] = value
    return overrides


@dataclass(frozen=True, slots=True)
class Launch:
    """The command line of ``serve``.

    Attributes:
        config_file: The file named by ``--config``.
        overrides: Text by dotted key, from ``--set``; may hold secrets.
        named: The same, from the options that stand for one setting each.
    """

    config_file: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict, repr=False)
    named: Mapping[str, str] = field(default_factory=dict)

    def to_environ(self) -> str:
        """Return the value of ``CCPROXY_SERVE`` for worker processes."""
        return TypeAdapter(Launch).dump_json(self).decode()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Launch":
        """Return what ``CCPROXY_SERVE`` says; without it, nothing was told.

        Raises:
            ConfigError: It was not written by ``to_environ``.
        """
        text = environ.get(VARIABLE)
        if text is None:
            return cls()
        with suppress(ValidationError):  # as a cause it would quote the value
            return TypeAdapter(cls).validate_json(text)
        raise ConfigError(
            f"{VARIABLE} is not what 'ccproxy serve' sets.",
            hint="Unset it; it is meant for worker processes alone.",
        )

    def layers(self, environ: Mapping[str, str]) -> Layers:
        """Read the layers this command line and ``environ`` make.

        Raises:
            ConfigError: The settings file can't be read, or a name is not a key.
        """
        return read_layers(self.config_file, self.overrides, environ, self.named)
