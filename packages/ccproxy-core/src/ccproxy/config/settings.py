"""All settings of the gateway.

``Settings()`` is the defaults, whatever the environment holds; ``ccproxy.config.load``
is the way to settings that follow the file, the environment and the command line.
"""

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ccproxy.config.paths import data_dir
from ccproxy.config.sections import (
    Capture,
    Dashboard,
    Guard,
    Hooks,
    Http,
    Limits,
    Logging,
    Plugins,
    Prices,
    Routing,
    Security,
    Server,
    Storage,
)


class Settings(BaseSettings):
    """The settings, one section per concern, each documented by its model.

    The sections of plugins are not here: they belong to the plugins' own models, see
    ``ccproxy.config.section``.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    server: Server = Server()
    security: Security = Security()
    http: Http = Http()
    logging: Logging = Logging()
    storage: Storage = Storage()
    capture: Capture = Capture()
    routing: Routing = Routing()
    prices: Prices = Prices()
    limits: Limits = Limits()
    guard: Guard = Guard()
    hooks: Hooks = Hooks()
    dashboard: Dashboard = Dashboard()
    plugins: Plugins = Plugins()

    @property
    def storage_url(self) -> str:
        """The URL of the database, never empty; it may hold a password."""
        url = self.storage.url.get_secret_value()
        return url or f"duckdb:///{data_dir() / 'ccproxy.duckdb'}"

    @property
    def keeps_spending(self) -> bool:
        """Whether it has to be known what callers have spent."""
        return self.security.keys or (self.limits.enabled and bool(self.limits.budgets))

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Name sections in which something is set, but not whether any of it holds."""
        off = {"limits": self.limits, "guard": self.guard}
        return tuple(
            name
            for name, section in off.items()
            if section.model_fields_set and "enabled" not in section.model_fields_set
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what ``load`` hands over: the layers, merged and checked."""
        return (init_settings,)
