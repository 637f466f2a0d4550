"""Data URLs: OpenAI's dialects put media type and data into one text."""

_BASE64 = ";base64"


def data_url(media_type: str, data: str) -> str:
    """Put base64 data into a URL."""
    return f"data:{media_type}{_BASE64},{data}"


def from_data_url(url: str) -> tuple[str, str]:
    """Take media type and base64 data out of a URL; nothing, if it is no such URL."""
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and head.endswith(_BASE64) and comma):
        return "", ""
    return head[5 : -len(_BASE64)].partition(";")[0], data
