"""A clock that is moved by hand."""


class Clock:
    """Tells the time that a test has set."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
