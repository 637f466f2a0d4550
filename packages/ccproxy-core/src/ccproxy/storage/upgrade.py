"""``python -m ccproxy.storage.upgrade``: what ``Database.upgrade_aside`` runs.

Reads ``{"url": ..., "migrations": {...}}`` from standard input; says in one line of
standard output what went wrong, if something did.
"""

import asyncio
import json
import sys

from ccproxy.errors import CCProxyError
from ccproxy.errors.exit_codes import ExitCode, exit_code
from ccproxy.storage.database import Database


async def main() -> int:
    """Upgrade as told, and return an exit code."""
    order = json.load(sys.stdin)
    database = Database(order["url"], lambda: order["migrations"])
    try:
        await database.upgrade()
    except CCProxyError as error:
        print(str(error))  # noqa: T201
        return exit_code(error)
    finally:
        await database.close()
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
