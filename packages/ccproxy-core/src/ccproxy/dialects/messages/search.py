"""Searches of the web in Anthropic Messages: the tool, its calls and what they find.

Source: https://docs.claude.com/en/docs/agents-and-tools/tool-use/web-search-tool
"""

from dataclasses import replace

from ccproxy.dialects.answer import AnswerBlock
from ccproxy.dialects.conversation import Citation, Search, WebSearch
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import (
    Json,
    JsonObject,
    an_object,
    number,
    objects,
    strings,
    text,
)
from ccproxy.dialects.seal import MARK, enclose_id
from ccproxy.dialects.speaker import Writing

WEB_SEARCH = "web_search"
"""The name of the tool, and what its type begins with, before a date."""
FOUND = "web_search_tool_result"
_DATE = 20250305
"""Of the search of the web that all models know which know one."""


def read_tool(tool: JsonObject) -> WebSearch:
    """Read how the web is to be searched."""
    place = an_object(tool.get("user_location"))
    return WebSearch(
        strings(tool.get("allowed_domains")),
        strings(tool.get("blocked_domains")),
        {name: place[name] for name in place if name != "type" and place[name]},
        most=number(tool.get("max_uses")),
    )


def write_tool(search: WebSearch, writing: Writing) -> JsonObject:
    """Have the web searched."""
    if search.size:
        writing.notes.lose(Feature.SEARCH_SIZE)
    written: JsonObject = {"type": f"{WEB_SEARCH}_{_DATE}", "name": WEB_SEARCH}
    if search.most:
        written["max_uses"] = search.most
    if search.domains:
        written["allowed_domains"] = [*search.domains]
    elif search.blocked:
        written["blocked_domains"] = [*search.blocked]
    if search.location:
        written["user_location"] = {"type": "approximate", **search.location}
    return written


def with_found(block: AnswerBlock, part: JsonObject) -> AnswerBlock:
    """Add what a search has found, if it is this block's."""
    if not isinstance(block, Search) or block.id != part.get("tool_use_id"):
        return block
    content = part.get("content")
    pages = tuple(
        Citation(text(each.get("url")), text(each.get("title")))
        for each in objects(content)
    )
    failure = text(an_object(content).get("error_code"))
    return replace(block, pages=pages, failure=failure)


def write_search(block: Search) -> tuple[JsonObject, JsonObject]:
    """Write a search of the web, and what it has found."""
    name = enclose_id(block.maker, block.id)
    use: JsonObject = {"type": "server_tool_use", "id": name, "name": WEB_SEARCH}
    content: Json = [
        {
            "type": "web_search_result",
            "url": each.url,
            "title": each.title or each.url,
            "encrypted_content": MARK,
            "page_age": None,
        }
        for each in block.pages
    ]
    if block.failure:
        kind = "web_search_tool_result_error"
        content = {"type": kind, "error_code": "unavailable"}
    return (
        {**use, "input": {**block.asked}},
        {"type": FOUND, "tool_use_id": name, "content": content},
    )
