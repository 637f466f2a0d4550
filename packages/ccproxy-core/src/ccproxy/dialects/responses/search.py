"""Searches of the web in OpenAI Responses: the tool, and what was searched for.

Source: https://platform.openai.com/docs/guides/tools-web-search
"""

from ccproxy.dialects.conversation import Citation, Search, WebSearch
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, an_object, objects, text
from ccproxy.dialects.openai import WEB_SEARCH
from ccproxy.dialects.seal import enclose_id
from ccproxy.dialects.speaker import Frame, Writing

_SOUGHT = ("query", "url", "pattern")


def searches(tool: JsonObject) -> bool:
    """Tell a search of the web from one of what the vendor keeps of it."""
    kind = text(tool.get("type"))
    return kind.startswith(WEB_SEARCH) and tool.get("external_web_access") is not False


def read_search(item: JsonObject, maker: str) -> Search:
    """Read a search of the web, of a request or of an answer."""
    action = an_object(item.get("action"))
    return Search(
        text(item.get("id")),
        {name: action[name] for name in _SOUGHT if action.get(name)},
        tuple(
            Citation(text(each.get("url"))) for each in objects(action.get("sources"))
        ),
        maker,
        "unavailable" if item.get("status") == "failed" else "",
    )


def write_tool(search: WebSearch, writing: Writing) -> JsonObject:
    """Have the web searched."""
    written: JsonObject = {"type": WEB_SEARCH}
    if search.domains:
        written["filters"] = {"allowed_domains": [*search.domains]}
    if search.blocked:
        writing.notes.lose(Feature.SEARCH_SITES)
    if search.most:
        writing.notes.lose(Feature.SEARCH_USES)
    if search.size:
        written["search_context_size"] = search.size
    if search.location:
        written["user_location"] = {"type": "approximate", **search.location}
    return written


def write_search(block: Search, name: str) -> JsonObject:
    """Write a search of the web, of a request or of an answer."""
    kind = "open_page" if "url" in block.asked else "search"
    action: JsonObject = {
        "type": "find_in_page" if "pattern" in block.asked else kind,
        **({"query": ""} if kind == "search" else {}),
        **block.asked,
    }
    return {
        "type": "web_search_call",
        "id": name,
        "status": "failed" if block.failure else "completed",
        "action": action,
    }


def search_item(block: Search, frame: Frame) -> JsonObject:
    """Write a search of the web, with the addresses of what was found."""
    item = write_search(block, enclose_id(block.maker, block.id))
    if block.pages:
        frame.notes.lose(Feature.SEARCHED)
        sources: list[Json] = [{"type": "url", "url": each.url} for each in block.pages]
        item["action"] = {**an_object(item["action"]), "sources": sources}
    return item
