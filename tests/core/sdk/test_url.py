"""Base URLs are checked, and complaints never quote them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from ccproxy.sdk import BaseUrl

pytestmark = pytest.mark.unit

BASE_URL: TypeAdapter[str] = TypeAdapter(BaseUrl)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_loses_only_its_trailing_slash(given: str, kept: str) -> None:
    assert BASE_URL.validate_python(given) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://hunter2@example.com",
        "https://me:hunter2@example.com",
        "https://example.com/v1?key=hunter2",
        "https://example.com/v1#hunter2",
        "https://example.com:hunter2",
        "https://[hunter2",
        "https://example.com/\nhunter2",
        "https://ex ample.com",
    ],
)
def test_anything_else_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BASE_URL.validate_python(url)
    (error,) = caught.value.errors()
    assert error["msg"].startswith("Value error, should ")
    assert "hunter2" not in error["msg"]
