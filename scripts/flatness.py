"""Tells what grows from what has come to rest: the judgement of ``make soak``."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

MEMORY = 0.05
"""The part by which memory may differ: caches fill, and pages are given back late."""
COUNTS = 2
"""Handles and the like that may come and go, such as a connection kept for a while."""
FEWEST = 6
"""Samples of which the first third may still be of the start."""


@dataclass(frozen=True)
class Sample:
    """What a process holds while nobody asks it anything.

    Attributes:
        memory: Resident bytes.
        handles: Open files and sockets.
        threads: Its threads.
        tasks: Tasks of its event loop.
    """

    memory: int
    handles: int
    threads: int
    tasks: int


def growing(samples: Sequence[Sample]) -> list[str]:
    """Say what grows; nothing if all has come to rest.

    What is held in the middle third is compared with what is held in the last.

    Raises:
        ValueError: There are too few samples to tell.
    """
    if len(samples) < FEWEST:
        msg = f"{len(samples)} samples are too few; {FEWEST} tell something."
        raise ValueError(msg)
    third = len(samples) // 3
    found = []
    for each in fields(Sample):
        values = [getattr(sample, each.name) for sample in samples]
        before, after = median(values[third : 2 * third]), median(values[2 * third :])
        room = before * MEMORY if each.name == "memory" else COUNTS
        if after - before > room:
            found.append(f"{each.name}: {before:.0f} grew to {after:.0f}")
    return found
