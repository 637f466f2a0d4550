"""Documents cross as files where they can, and as words where they can't."""

from base64 import b64encode
from typing import Any

import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.media import media_type_of, words_of
from core.dialects.examples import PNG, user
from core.dialects.streams import translation
from fakes.strict import complaints

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
PDF = b64encode(b"%PDF-1.7 \xe2\xe3").decode()
PLAIN = b64encode("Schnee über München".encode()).decode()
IMAGE = {"type": "base64", "media_type": "image/png", "data": PNG}


def told(client: Dialect, upstream: Dialect, *parts: dict[str, Any]) -> Any:
    """What the provider is told of what the user says."""
    asked = "input" if client is RESPONSES else "messages"
    crossing = translation(client, upstream, **{asked: [user(*parts)]})
    body: Any = crossing.payload
    assert list(complaints(upstream, body)) == []
    (turn,) = body["input" if upstream is RESPONSES else "messages"]
    return turn["content"]


def file(client: Dialect, data: str, name: str) -> dict[str, Any]:
    sent = {"file_data": data, "filename": name}
    if client is CHAT:
        return {"type": "file", "file": sent}
    return {"type": "input_file", **sent}


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
@pytest.mark.parametrize("sent", [f"data:application/pdf;base64,{PDF}", PDF])
def test_a_pdf_reaches_anthropic_with_and_without_its_type(
    client: Dialect, sent: str
) -> None:
    (document,) = told(client, MESSAGES, file(client, sent, "report.pdf"))
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    assert document == {"type": "document", "source": source, "title": "report.pdf"}


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
@pytest.mark.parametrize("sent", [f"data:text/markdown;base64,{PLAIN}", PLAIN])
def test_a_file_of_plain_text_is_a_document_of_words(
    client: Dialect, sent: str
) -> None:
    """Anthropic takes base64 of PDFs alone."""
    (document,) = told(client, MESSAGES, file(client, sent, "snow.md"))
    assert document["source"] == {
        "type": "text",
        "media_type": "text/plain",
        "data": "Schnee über München",
    }


def test_a_pdf_of_anthropics_is_a_file_to_openai() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    document = {"type": "document", "source": source, "title": "report.pdf"}
    (sent,) = told(MESSAGES, RESPONSES, document)
    assert sent == file(RESPONSES, f"data:application/pdf;base64,{PDF}", "report.pdf")
    (sent,) = told(MESSAGES, CHAT, document)
    assert sent == file(CHAT, f"data:application/pdf;base64,{PDF}", "report.pdf")


def test_images_in_a_document_stay_between_its_texts() -> None:
    def text(words: str) -> dict[str, Any]:
        return {"type": "text", "text": words}

    image = {"type": "image", "source": IMAGE}
    content = [text("before"), text("and"), image, text("behind")]
    document = {"type": "document", "source": {"type": "content", "content": content}}
    sent = told(MESSAGES, RESPONSES, document)
    assert [each.get("text", each["type"]) for each in sent] == [
        "before\nand",
        "input_image",
        "behind",
    ]


def test_what_a_callers_own_search_found_is_told_as_words_and_noted() -> None:
    found = {
        "type": "search_result",
        "source": "https://example.com/snow",
        "title": "Snow",
        "content": [{"type": "text", "text": "It snows."}],
        "cache_control": {"type": "ephemeral"},
    }
    result = {"type": "tool_result", "tool_use_id": "a", "content": [found]}
    call = {"type": "tool_use", "id": "a", "name": "find", "input": {}}
    answer = {"role": "assistant", "content": [call]}
    messages = [user({"type": "text", "text": "Find."}), answer, user(result)]
    crossing = translation(MESSAGES, RESPONSES, messages=messages)
    output: Any = crossing.payload["input"]
    assert output[-1]["output"] == "Snow (https://example.com/snow):\nIt snows."
    noted = " ".join(crossing.notes)
    assert "documents of plain text" in noted
    assert "cache_control" in noted


@pytest.mark.parametrize(
    ("title", "media_type"),
    [("a.PDF", "application/pdf"), ("a.txt", "text/plain"), ("", "application/pdf")],
)
def test_a_name_tells_what_a_file_is(title: str, media_type: str) -> None:
    assert media_type_of(title) == media_type


@pytest.mark.parametrize("data", [PNG, "not base64!", "é"])
def test_what_is_no_text_has_no_words(data: str) -> None:
    assert words_of("application/octet-stream", data) == ""
