"""How much a caller may still ask, as answers tell it."""

import math
from typing import NamedTuple


class Standing(NamedTuple):
    """What is left of a limit.

    Attributes:
        limit: Requests in a window, or what else is counted.
        remaining: How many are left of them.
        wait: Seconds until some of what was used is allowed anew.
        unit: What is counted.
    """

    limit: int
    remaining: int
    wait: float
    unit: str = "requests"

    @property
    def share(self) -> float:
        """The part that is left: limits of different things compare by it."""
        return self.remaining / max(self.limit, 1)

    @property
    def seconds(self) -> int:
        """The wait in whole seconds, never too short."""
        return max(1, math.ceil(self.wait))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Tell it in three fields, as most clients that read such headers know them.

        These are of draft-ietf-httpapi-ratelimit-headers-06; later drafts put all into
        one structured field. None of them says what is counted; a field of ours does.
        """
        return [
            (b"ratelimit-limit", str(self.limit).encode()),
            (b"ratelimit-remaining", str(self.remaining).encode()),
            (b"ratelimit-reset", str(self.seconds).encode()),
            (b"x-ccproxy-ratelimit-unit", self.unit.encode()),
        ]
