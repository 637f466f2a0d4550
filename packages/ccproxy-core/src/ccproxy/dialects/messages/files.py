"""Reads images and documents of Anthropic Messages.

Sources: https://docs.claude.com/en/docs/build-with-claude/pdf-support,
https://docs.claude.com/en/docs/build-with-claude/citations,
https://docs.claude.com/en/docs/build-with-claude/search-results
"""

from collections.abc import Iterator
from itertools import groupby

from ccproxy.dialects.conversation import Document, Image
from ccproxy.dialects.json import Json, JsonObject, an_object, objects, text

VENDOR = "anthropic"


def unfolded(content: Json) -> Iterator[JsonObject]:
    """List blocks, with the images of documents between the texts of these."""
    for part in objects(content):
        inner = an_object(part.get("source")).get("content")
        if not isinstance(inner, list):
            yield part
            continue
        for is_text, blocks in groupby(objects(inner), _is_text):
            if is_text:
                source: JsonObject = {"type": "content", "content": [*blocks]}
                yield {**part, "source": source}
            else:
                yield from blocks


def _is_text(block: JsonObject) -> bool:
    return block.get("type") == "text"


def read_image(source: JsonObject) -> Image:
    """Read where an image is."""
    name = text(source.get("file_id"))
    return Image(
        url=text(source.get("url")),
        media_type=text(source.get("media_type")),
        data=text(source.get("data")),
        file_id=name,
        vendor=VENDOR if name else "",
    )


def read_document(part: JsonObject) -> Document:
    """Read a document."""
    source = an_object(part.get("source"))
    title = text(part.get("title"))
    match source.get("type"):
        case "text":
            return Document(text=text(source.get("data")), title=title)
        case "content":
            content = source.get("content")
            return Document(text=text(content) or _words(content), title=title)
    image = read_image(source)
    return Document(
        image.url,
        image.media_type,
        image.data,
        image.file_id,
        image.vendor,
        title=title,
    )


def read_result(part: JsonObject) -> Document:
    """Read what a search of the caller's own has found."""
    title, source = text(part.get("title")), text(part.get("source"))
    return Document(text=_words(part.get("content")), title=f"{title} ({source})")


def _words(content: Json) -> str:
    return "\n".join(text(each.get("text")) for each in objects(content))
