"""What the table of features says is what happens."""

from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
)
from pydantic import TypeAdapter

from ccproxy.dialects import Dialect
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.feature import Feature, Outcome
from ccproxy.dialects.table import ASKED, asked
from ccproxy.errors import UntranslatableError
from core.dialects.examples import BASES, CONDITIONAL, EXAMPLES, MAKER

pytestmark = pytest.mark.unit

TYPES: dict[Dialect, TypeAdapter[Any]] = {
    Dialect.MESSAGES: TypeAdapter(MessageCreateParamsNonStreaming),
    Dialect.CHAT: TypeAdapter(CompletionCreateParamsNonStreaming),
    Dialect.RESPONSES: TypeAdapter(ResponseCreateParamsNonStreaming),
}
OF_A_SEARCH = {Feature.SEARCH_SITES, Feature.SEARCH_SIZE, Feature.SEARCH_USES}
"""What Chat can be told only with a model that searches."""
CASES = [
    pytest.param(client, upstream, feature, id=f"{client}>{upstream}-{feature.name}")
    for client in Dialect
    for upstream in Dialect
    for feature in ASKED
    if client is not upstream and asked(feature, client, upstream) is not None
]


@pytest.mark.parametrize(("client", "upstream", "feature"), CASES)
def test_the_table_says_what_becomes_of_a_request(
    client: Dialect, upstream: Dialect, feature: Feature
) -> None:
    loss = asked(feature, client, upstream)
    assert loss is not None
    update, probe = EXAMPLES[client][feature]
    if upstream is Dialect.RESPONSES:
        update = CONDITIONAL.get((client, feature), update)
    if loss.outcome is Outcome.REFUSED:
        with pytest.raises(UntranslatableError, match=str(feature)[:10]):
            translate(client, upstream, update, feature)
        return
    translation = translate(client, upstream, update, feature)
    told = f"{loss.outcome.capitalize()} {feature}"
    noted = [note for note in translation.notes if str(feature) in note]
    if loss.outcome is Outcome.KEPT:
        assert noted == []
        assert probe is None or holds(translation.payload, probe)
    else:
        assert noted, translation.payload
        assert noted[0].startswith(told)
        assert loss.how in noted[0]


@pytest.mark.parametrize(("client", "upstream", "feature"), CASES)
def test_every_request_is_of_the_vendors_own_type(
    client: Dialect, upstream: Dialect, feature: Feature
) -> None:
    loss = asked(feature, client, upstream)
    if loss is not None and loss.outcome is Outcome.REFUSED:
        return
    update, _ = EXAMPLES[client][feature]
    payload: Any = translate(client, upstream, update, feature).payload
    if upstream is Dialect.RESPONSES:
        payload = {**payload, "input": [_numbered(item) for item in payload["input"]]}
    TYPES[upstream].validate_python(payload)


def _numbered(item: dict[str, Any]) -> dict[str, Any]:
    """Add what the type wants of what the model said, and the API can do without."""
    if item.get("role") == "assistant":
        return {**item, "id": "msg_1", "status": "completed"}
    return {"id": "rs_1", **item} if item["type"] == "reasoning" else item


def translate(
    client: Dialect, upstream: Dialect, update: dict[str, Any], feature: Feature
) -> Translation:
    payload = {**BASES[client], **update}
    model = "gpt-5-search-api" if feature in OF_A_SEARCH else "claude-9"
    return Translation(
        client, upstream, payload, model=model, maker=MAKER, name="n", created=1
    )


def holds(value: object, probe: object) -> bool:
    """Look for a value, a part of a text, or a key with its value."""
    if value == probe or (
        isinstance(value, str) and isinstance(probe, str) and probe in value
    ):
        return True
    if isinstance(value, dict):
        pair = isinstance(probe, tuple) and value.get(probe[0], ...) == probe[1]
        return pair or any(holds(each, probe) for each in value.values())
    return isinstance(value, list) and any(holds(each, probe) for each in value)
