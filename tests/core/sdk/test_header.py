"""Headers of settings: such as can be sent, and shown to nobody."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from ccproxy.sdk import SecretHeaders, revealed

pytestmark = pytest.mark.unit


class Config(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    headers: SecretHeaders


def test_headers_are_sent_as_they_were_set_and_not_shown() -> None:
    told = {"x-api-key": "secret", "Authorization": "Basic bWU6c2VjcmV0", "empty": ""}
    config = Config.model_validate({"headers": told})
    assert revealed(config.headers) == told
    assert "secret" not in repr(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "secret"),
        ("a name", "secret"),
        ("name:", "secret"),
        ("n\u00e4me", "secret"),
        ("name", "secret\r\nx: y"),
        ("name", "secr\u00e9t"),
    ],
)
def test_what_no_header_can_hold_is_refused_and_not_quoted(
    name: str, value: str
) -> None:
    with pytest.raises(ValidationError, match="what no header can") as refused:
        Config.model_validate({"headers": {name: value}})
    assert "secr" not in str(refused.value)
