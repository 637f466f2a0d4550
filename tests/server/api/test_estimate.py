"""Counting tokens without a provider that does."""

import sys
from collections.abc import Iterator

import pytest

from ccproxy.api import estimate as module
from ccproxy.api.estimate import estimate
from ccproxy.sdk import Json

pytestmark = pytest.mark.unit


@pytest.fixture
def no_vocabulary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "bpe_openai", None)
    module._tokenizer.cache_clear()
    yield
    module._tokenizer.cache_clear()


def test_without_the_vocabulary_bytes_are_counted(no_vocabulary: None) -> None:
    tokens, how = estimate({"messages": [{"role": "user", "content": "x" * 300}]})
    assert how == "bytes/3"
    assert 100 <= tokens <= 115


def test_the_base64_of_files_is_not_counted_as_text() -> None:
    source: Json = {
        "type": "base64",
        "media_type": "application/pdf",
        "data": "A" * 40_000,
    }
    block: Json = {"type": "document", "source": source}
    tokens, _ = estimate({"messages": [{"role": "user", "content": [block]}]})
    assert 2000 <= tokens <= 2050


def test_tools_and_instructions_count() -> None:
    plain, _ = estimate({"messages": []})
    told, _ = estimate({"messages": [], "system": "a b c d", "tools": [{"name": "x"}]})
    assert told > plain >= 1


def test_a_long_conversation_can_be_counted() -> None:
    tokens, how = estimate(
        {"messages": [{"role": "user", "content": "a b " * 500_000}]}
    )
    assert how == "o200k*1.25"
    assert 1_250_000 <= tokens <= 1_260_000
