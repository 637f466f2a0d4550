"""Imports what ``ccproxy`` would, once for all programs that are forked from here."""

import gc
import importlib

from ccproxy.cli.lazy import BUILTINS
from ccproxy.loader.discovery import discover

MODULES = (
    *(each.module for each in BUILTINS.values()),
    "ccproxy.api.serve",
    "ccproxy.cli.contributed",
    "ccproxy.plugins.metrics.scrape",
    "ccproxy.storage.migrate",  # most of the time that the database takes
    "ccproxy.storage.repositories.key_repository",
    "ccproxy.storage.repositories.profile_repository",
    "ccproxy.storage.repositories.request_repository",
    "duckdb_sqlalchemy",
    "genai_prices.data_snapshot",
    "rich.console",
    "rich.table",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)

for name in MODULES:
    importlib.import_module(name)
for plugin in discover():
    plugin.load()
# The collector of a fork would write to all of it, and have the kernel copy it.
gc.collect()
gc.freeze()
