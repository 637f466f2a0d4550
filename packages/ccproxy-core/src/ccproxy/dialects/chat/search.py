"""Searches of the web in OpenAI Chat Completions: an option of some models.

Source: https://platform.openai.com/docs/guides/tools-web-search
"""

from ccproxy.dialects.conversation import WebSearch
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, an_object
from ccproxy.dialects.openai import read_search
from ccproxy.dialects.speaker import Writing

_SEARCHES = "-search-"
"""In the names of the models that search the web, such as ``gpt-5-search-api``."""


def read_options(options: Json) -> WebSearch | None:
    """Read how the web is to be searched, if it is."""
    if not isinstance(options, dict):
        return None
    place = an_object(options.get("user_location")).get("approximate")
    return read_search(options, place)


def write_search(body: JsonObject, search: WebSearch, writing: Writing) -> None:
    """Have the web searched by a model that does; the others refuse to be asked."""
    if _SEARCHES not in str(body["model"]):
        writing.notes.lose(Feature.WEB_SEARCH)
        return
    if search.domains or search.blocked:
        writing.notes.lose(Feature.SEARCH_SITES)
    if search.most:
        writing.notes.lose(Feature.SEARCH_USES)
    options: JsonObject = {}
    if search.size:
        options["search_context_size"] = search.size
    if search.location:
        place: JsonObject = {"type": "approximate", "approximate": search.location}
        options["user_location"] = place
    body["web_search_options"] = options
