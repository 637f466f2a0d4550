"""What a process may run out of."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk(left: int = 1) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    with _no_more(resource.RLIMIT_FSIZE, left):
        yield


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing more."""
    with _no_more(resource.RLIMIT_NOFILE, 1):
        yield


@contextmanager
def _no_more(what: int, left: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    resource.setrlimit(what, (left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)
