"""Searches of the web, which each vendor makes itself and tells in its own words."""

from typing import Any

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Close, Open
from ccproxy.dialects.conversation import Citation, Search, Text
from ccproxy.dialects.convert import Translation, without_seals
from core.dialects.examples import BASES
from core.dialects.streams import (
    GOLDEN,
    collect,
    dialect_of,
    kinds,
    parse,
    payloads,
    translate,
    translation,
)

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
OSLO = {"city": "Oslo", "country": "NO"}
PLACE = {"type": "approximate", **OSLO}
TOOL = {"type": "web_search_20250305", "name": "web_search"}
PAGE = Citation("https://example.com/snow", "Snow")
USER = {"role": "user", "content": [{"type": "text", "text": "x"}]}


def asked(
    client: Dialect, upstream: Dialect, model: str = "m", **more: Any
) -> Translation:
    payload = {**BASES[client], **more}
    return Translation(
        client, upstream, payload, model=model, maker="maker", name="n", created=1
    )


def test_claude_codes_search_is_one_of_responses() -> None:
    """Claude Code asks for a search alone, and may insist on it."""
    tool = {**TOOL, "max_uses": 8, "allowed_domains": ["x.org"], "user_location": PLACE}
    choice = {"type": "tool", "name": "web_search"}
    crossing = asked(MESSAGES, RESPONSES, tools=[tool], tool_choice=choice)
    assert crossing.payload["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["x.org"]},
            "user_location": PLACE,
        }
    ]
    assert crossing.payload["tool_choice"] == {"type": "web_search"}
    assert [note for note in crossing.notes if "search" in note] == [
        "Dropped max_uses of a web search (there is no such thing)."
    ]


def test_a_search_of_responses_is_one_of_anthropics() -> None:
    tool = {"type": "web_search", "user_location": PLACE, "search_context_size": "low"}
    crossing = asked(
        RESPONSES, MESSAGES, tools=[tool], tool_choice={"type": "web_search"}
    )
    assert crossing.payload["tools"] == [{**TOOL, "user_location": PLACE}]
    assert crossing.payload["tool_choice"] == {"type": "tool", "name": "web_search"}
    assert "Dropped search_context_size" in crossing.notes[-1]


def test_what_the_vendor_keeps_of_the_web_is_no_search_elsewhere() -> None:
    """Codex CLI asks for that unless it is told to search."""
    kept = {"type": "web_search", "external_web_access": False}
    crossing = asked(RESPONSES, MESSAGES, tools=[kept])
    assert "tools" not in crossing.payload
    assert "Dropped server tools: web_search" in crossing.notes[0]


@pytest.mark.parametrize("model", ["gpt-5-search-api", "gpt-5.5"])
def test_only_models_that_search_are_asked_to_in_chat(model: str) -> None:
    options = {"user_location": {"type": "approximate", "approximate": OSLO}}
    there = asked(MESSAGES, CHAT, model, tools=[{**TOOL, "user_location": PLACE}])
    assert there.payload.get("web_search_options") == (
        options if "search" in model else None
    )
    back = asked(CHAT, MESSAGES, web_search_options=options)
    assert back.payload["tools"] == [{**TOOL, "user_location": PLACE}]


def test_no_tool_is_insisted_on_that_is_not_there() -> None:
    function = {"name": "f", "input_schema": {"type": "object"}}
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch"}
    crossing = asked(
        MESSAGES,
        CHAT,
        tools=[function, fetch],
        tool_choice={"type": "tool", "name": "web_fetch"},
    )
    assert "tool_choice" not in crossing.payload
    crossing = asked(RESPONSES, CHAT, tool_choice={"type": "file_search"})
    assert "Dropped server tools: file_search" in crossing.notes[0]


@pytest.mark.parametrize("name", ["messages-web-search", "responses-web-search"])
def test_a_search_and_what_it_found_cross_whole_and_streamed(name: str) -> None:
    upstream = dialect_of(name)
    client = MESSAGES if upstream is RESPONSES else RESPONSES
    search, text = collect(upstream, [GOLDEN[name]]).blocks
    assert isinstance(search, Search)
    assert isinstance(text, Text)
    assert (search.asked, search.maker) == ({"query": "snow"}, "maker")
    assert [page.url for page in search.pages] == [PAGE.url]
    assert [each.url for each in text.citations] == [PAGE.url]
    told, _ = collect(client, [translate(name, client)]).blocks
    assert isinstance(told, Search)
    assert told.asked == search.asked
    assert [page.url for page in told.pages] == [PAGE.url]
    assert told.id == f"ccproxy1:maker:{search.id}"


def test_a_search_has_its_life_in_responses() -> None:
    told = translate("messages-web-search", RESPONSES)
    assert kinds(told)[2:7] == [
        "response.output_item.added",
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
        "response.output_item.done",
    ]
    assert payloads(told)[-1]["response"]["output"][0]["action"] == {
        "type": "search",
        "query": "snow",
        "sources": [{"type": "url", "url": PAGE.url}],
    }


def test_a_search_goes_back_to_its_maker_alone() -> None:
    told = payloads(translate("responses-web-search", MESSAGES))
    use, found, _ = (
        each["content_block"] for each in told if each["type"] == "content_block_start"
    )
    (cited,) = (
        each["delta"]["citation"]
        for each in told
        if each.get("delta", {}).get("type") == "citations_delta"
    )
    text = {"type": "text", "text": "Snow.", "citations": [cited]}
    use["input"] = {"query": "snow"}
    said = {"role": "assistant", "content": [use, found, text]}
    talk: list[Any] = [USER, said, USER]
    own = asked(MESSAGES, RESPONSES, messages=talk).payload["input"]
    assert isinstance(own, list)
    assert own[1] == {
        "type": "web_search_call",
        "id": "ws_0",
        "status": "completed",
        "action": {"type": "search", "query": "snow"},
    }
    other = Translation(
        MESSAGES,
        RESPONSES,
        {**BASES[MESSAGES], "messages": talk},
        model="m",
        maker="other",
        name="n",
        created=1,
    )
    assert b"ws_0" not in orjson.dumps(other.payload)
    assert any("web searches that were made" in note for note in other.notes)
    native = without_seals(MESSAGES, {"messages": talk})
    kept = {"type": "text", "text": "Snow.", "citations": None}
    assert native == {"messages": [USER, {**said, "content": [kept]}, USER]}


def test_a_search_of_anthropics_stays_out_of_what_openai_itself_is_asked() -> None:
    output = payloads(translate("messages-web-search", RESPONSES))[-1]["response"]
    first, second = output["output"]
    payload: dict[str, Any] = {"input": [first, second]}
    assert without_seals(RESPONSES, payload) == {"input": [second]}


@pytest.mark.parametrize(
    "action",
    [
        {"type": "open_page", "url": "https://x.org"},
        {"type": "find_in_page", "url": "https://x.org", "pattern": "snow"},
    ],
)
def test_pages_that_were_opened_are_searches_too(action: dict[str, Any]) -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "failed"}
    output = {"id": "resp_1", "output": [{**item, "action": action}]}
    crossing = translation(MESSAGES, RESPONSES)
    answer = crossing.read(orjson.dumps(output))
    assert isinstance(answer, Answer)
    use, found = orjson.loads(crossing.render(answer))["content"]
    assert use["input"] == {key: action[key] for key in action if key != "type"}
    assert found["content"]["error_code"] == "unavailable"
    back = asked(
        MESSAGES,
        RESPONSES,
        messages=[USER, {"role": "assistant", "content": [use, found]}, USER],
    )
    items: Any = back.payload["input"]
    assert items[1]["action"] == action


def test_a_search_and_its_findings_are_one_block() -> None:
    events = parse(MESSAGES, [GOLDEN["messages-web-search"]])
    opened = [event.key for event in events if isinstance(event, Open)]
    closed = [event.key for event in events if isinstance(event, Close)]
    assert opened == closed
    assert len(opened) == 2


def test_a_search_that_found_nothing_yet_is_told_with_the_end() -> None:
    blocks = GOLDEN["messages-web-search"].split(b"\n\n")
    begins = next(i for i, each in enumerate(blocks) if b"web_search_tool_res" in each)
    ends = next(i for i, each in enumerate(blocks) if b"message_delta" in each)
    stream = b"\n\n".join([*blocks[:begins], *blocks[ends:]])
    (search,) = collect(MESSAGES, [stream]).blocks
    assert search == Search("srvtoolu_1", {"query": "snow"}, maker="maker")
