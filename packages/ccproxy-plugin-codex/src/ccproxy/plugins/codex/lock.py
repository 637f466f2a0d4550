"""Keeping other processes out for a moment, without holding up this one."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ccproxy.sdk.disk import make_private
from ccproxy.sdk.errors import CredentialError

_PATIENCE = 60.0
"""Seconds to wait for another process; a renewal takes half of it at most."""
_PAUSE = 0.05
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOENT}
"""What opening a file for writing fails with, where nobody of this user could."""


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Hold the lock of a file.

    Where no lock can be made nobody can write anything either; then this goes on
    without one.

    Raises:
        CredentialError: Another process holds it for long, or something else is wrong.
    """
    lock = await _acquire(file)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


async def _acquire(file: Path) -> FileLock | None:
    until = time.monotonic() + _PATIENCE
    lock = FileLock(file, mode=0o600)
    while True:
        try:
            make_private(file.parent)
            lock.acquire(blocking=False)  # opens a file: too short for a thread
        except Timeout as error:
            if time.monotonic() > until:
                msg = f"Another process has been holding {file} for long."
                raise CredentialError(msg, hint="See what it does.") from error
        except OSError as error:
            if error.errno in _UNWRITABLE:
                return None
            msg = f"{file} can't be locked: {error.strerror}."
            hint = "See what is there, and whether this user may have more files open."
            raise CredentialError(msg, hint=hint) from error
        else:
            return lock
        await asyncio.sleep(_PAUSE)
