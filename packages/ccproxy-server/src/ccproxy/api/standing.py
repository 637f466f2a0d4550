"""How much a caller may still ask, as answers tell it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a rate.

    Attributes:
        limit: Requests in a window.
        remaining: Requests that are left of them.
        wait: Seconds until some of what was used is allowed anew.
    """

    limit: int
    remaining: int
    wait: float

    @property
    def seconds(self) -> int:
        """The wait in whole seconds, never too short."""
        return max(1, math.ceil(self.wait))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Tell it in three fields, as most clients that read such headers know them.

        These are of draft-ietf-httpapi-ratelimit-headers-06; later drafts put all into
        one structured field.
        """
        return [
            (b"ratelimit-limit", str(self.limit).encode()),
            (b"ratelimit-remaining", str(self.remaining).encode()),
            (b"ratelimit-reset", str(self.seconds).encode()),
        ]
