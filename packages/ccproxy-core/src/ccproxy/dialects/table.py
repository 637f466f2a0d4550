"""What becomes of each feature between two dialects, for people and for tests."""

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.feature import Feature, Loss, Outcome
from ccproxy.dialects.spoken import SPEAKERS

ANSWERED = (
    Feature.TEXT,
    Feature.CITATION,
    Feature.OTHER_CITATION,
    Feature.REFUSAL,
    Feature.REASONING,
    Feature.TOOL_CALL,
    Feature.CUSTOM_TOOL,
    Feature.NAMESPACE,
    Feature.SEARCHED,
    Feature.UNKNOWN_BLOCK,
    Feature.STOP_SEQUENCE,
    Feature.PAUSE,
)
"""What an answer can hold."""

ASKED = tuple(
    feature
    for feature in Feature
    if feature not in {Feature.STOP_SEQUENCE, Feature.PAUSE}
)
"""What a request can hold."""

KEPT = Loss(Outcome.KEPT, "")


def asked(feature: Feature, client: Dialect, upstream: Dialect) -> Loss | None:
    """Tell what becomes of a feature of a request.

    Returns:
        ``None`` if the client's dialect has no words for it.
    """
    if feature in SPEAKERS[client].unsaid:
        return None
    return SPEAKERS[upstream].losses.get(feature, KEPT)


def answered(feature: Feature, upstream: Dialect, client: Dialect) -> Loss | None:
    """Tell what becomes of a feature of an answer.

    Returns:
        ``None`` if the upstream's dialect has no words for it.
    """
    if feature in SPEAKERS[upstream].unanswered:
        return None
    return SPEAKERS[client].answer_losses.get(feature, KEPT)
