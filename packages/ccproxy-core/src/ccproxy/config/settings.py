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
    Dashboard,
    Hooks,
    Http,
    Limits,
    Logging,
    Plugins,
    Routing,
    Security,
    Server,
    Storage,
)


class Settings(BaseSettings):
    """The settings, one section per concern; the sections of plugins are not here.

    A plugin's section belongs to the plugin's own model, see ``section``.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    server: Server = Server()
    """Where the gateway listens and how it stops."""
    security: Security = Security()
    """Who may use the gateway."""
    http: Http = Http()
    """How the gateway reaches its upstreams."""
    logging: Logging = Logging()
    """What is logged, and in which form; logs go to standard error."""
    storage: Storage = Storage()
    """Where records and account facts are kept."""
    routing: Routing = Routing()
    """Which provider answers which model."""
    limits: Limits = Limits()
    """How often a caller may ask."""
    hooks: Hooks = Hooks()
    """How events reach those who listen."""
    dashboard: Dashboard = Dashboard()
    """The page that shows what the gateway does."""
    plugins: Plugins = Plugins()
    """Which plugins are used; each has a section [plugins.NAME] of its own."""

    @property
    def storage_url(self) -> str:
        """The URL of the database, never empty; it may hold a password."""
        url = self.storage.url.get_secret_value()
        return url or f"duckdb:///{data_dir() / 'ccproxy.duckdb'}"

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
