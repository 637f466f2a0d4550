"""What a request is charged with before anybody knows what it will use."""

import pytest

from ccproxy.api.charging import MOST_INPUT, MOST_OUTPUT, guessed
from ccproxy.sdk import Json

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("payload", "size", "tokens"),
    [
        ({"max_tokens": 100}, 4000, (1000, 100)),
        ({"max_completion_tokens": 5}, 7, (1, 5)),
        ({"max_output_tokens": 0}, 0, (0, 0)),
        ({"max_tokens": 64_000}, 400, (100, MOST_OUTPUT)),
        ({"max_tokens": "many"}, 400, (100, MOST_OUTPUT)),
        ({}, 9_000_000, (MOST_INPUT, MOST_OUTPUT)),
    ],
)
def test_a_request_is_guessed_by_its_size_and_the_answer_it_asks_for(
    payload: dict[str, Json], size: int, tokens: tuple[int, int]
) -> None:
    guess = guessed(payload, size)
    assert (guess.input, guess.output) == tokens
