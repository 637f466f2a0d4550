"""Data URLs: OpenAI's dialects put media type and data into one text."""

import mimetypes
from binascii import a2b_base64
from pathlib import PurePath

_BASE64 = ";base64"
PDF = "application/pdf"


def data_url(media_type: str, data: str) -> str:
    """Put base64 data into a URL."""
    return f"data:{media_type}{_BASE64},{data}"


def from_data_url(url: str) -> tuple[str, str]:
    """Take media type and base64 data out of a URL; nothing, if it is no such URL."""
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and head.endswith(_BASE64) and comma):
        return "", ""
    return head[5 : -len(_BASE64)].partition(";")[0], data


def media_type_of(title: str) -> str:
    """Tell what a file is by its name; without one it is taken for a PDF."""
    suffix = PurePath(title).suffix.lower()
    return mimetypes.types_map.get(suffix, "text/plain") if suffix else PDF


def words_of(media_type: str, data: str) -> str:
    """Take the words out of base64 data; nothing, if it is no plain text."""
    if media_type == PDF:
        return ""
    try:
        return a2b_base64(data).decode()
    except ValueError:
        return ""
