"""Which of the targets a key may be used for."""

from collections.abc import Sequence

from ccproxy.api.routing import Target
from ccproxy.errors import AccessDeniedError
from ccproxy.models.client_key import ClientKey


def for_key(key: ClientKey | None, targets: Sequence[Target]) -> Sequence[Target]:
    """Leave the targets a key may be used for; without a key, all.

    Raises:
        AccessDeniedError: None is left.
    """
    if key is None:
        return targets
    left = [each for each in targets if key.may_ask(each.provider.name, each.model)]
    if not left:
        raise AccessDeniedError(
            f"The key {key.name!r} may not ask {targets[0]}.",
            hint="/v1/models lists what it may ask. Whoever made it can make another.",
        )
    return left
