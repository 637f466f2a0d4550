"""Claims on a login's file, where nothing may be writable.

If a renewed login can't be kept, the file goes on holding a refresh token that is
spent. Whoever has spent it claims the file, so that no other process spends it again:
that would end the login for both.
"""

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class Claim:
    """Lasts until it is released, or the process ends.

    Args:
        handle: The open file; ``None`` where nothing can be claimed.
    """

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def release(self) -> None:
        """Let others have it; once is enough."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def claim(file: Path) -> Claim | None:
    """Claim a file as it is now; nothing if somebody else does. Blocks.

    A file that is written anew is another one, and free. What can't be opened nobody
    else can claim; on Windows an open file could not be replaced, so there are no
    claims.
    """
    if sys.platform == "win32":
        return Claim(None)
    try:
        handle = os.open(file, os.O_RDONLY)
    except OSError:
        return Claim(None)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        return None if isinstance(error, BlockingIOError) else Claim(None)
    return Claim(handle)
