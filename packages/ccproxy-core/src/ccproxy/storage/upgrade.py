"""``python -m ccproxy.storage.upgrade``: what ``Database.start_upgrade`` runs.

Reads ``{"url": ..., "migrations": {...}}`` from standard input. The last line of its
standard output is a JSON array of what went wrong with plugins; or, where the core's
tables can't be used, it says why.
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
        failures = await database.try_upgrade()
    except CCProxyError as error:
        print(str(error))  # noqa: T201
        return exit_code(error)
    finally:
        await database.close()
    print(json.dumps(failures))  # noqa: T201
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
