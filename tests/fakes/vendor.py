"""A vendor on a loopback port, as strict as the real ones, in all three dialects.

What it does beyond answering is asked for by the model's name; see ``Vendor``.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

KEY = "sk-vendor-right-key"
WORDS = ("One", " two", " three", ".")

_FORBIDDEN = {"cookie", "origin", "x-forwarded-for", "te", "upgrade"}
"""Headers that must never arrive: hop-by-hop, or the caller's private affairs."""


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    peer: object
    query: str

    @property
    def json(self) -> dict[str, object]:
        payload: dict[str, object] = orjson.loads(self.body)
        return payload


@dataclass
class Vendor:
    """Answers by the model's name.

    ``gone`` closes without an answer, ``die`` breaks off within a stream, ``cut`` ends
    it cleanly but too early, ``torn`` within an event, ``slow`` waits for ``go`` before
    every piece, ``silent`` before the head, ``plain`` sends no content type, ``busy``
    is a 429, ``html`` a 502 of some proxy, ``moved`` a redirect, ``json`` answers a
    stream with JSON, ``zipped`` compresses it, ``failed`` reports a failure within the
    stream, ``full`` before any content of it; ``503`` and other numbers are that
    status; all else is a whole answer.
    """

    url: str = ""
    key: str = KEY
    more_keys: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    more_models: dict[str, tuple[str, ...]] = field(default_factory=dict)
    list_waits: str | None = None
    seen: list[Seen] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    @property
    def connections(self) -> int:
        return len({seen.peer for seen in self.seen})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        peer = request.transport and request.transport.get_extra_info("peername")
        self.seen.append(
            Seen(request.path, headers, body, peer, request.rel_url.raw_query_string)
        )
        if refusal := self._refusal(request, headers, body):
            return refusal
        if request.method == "GET":
            key = headers.get("authorization", "").removeprefix("Bearer ")
            if self.list_waits == key:
                await self.go.wait()
            more = self.more_models.get(key, ())
            return web.json_response(_models("anthropic-version" in headers, more))
        payload = orjson.loads(body)
        try:
            return await self._by_model(request, payload)
        except (asyncio.CancelledError, ConnectionError):
            self.aborted.set()
            raise

    def _refusal(
        self, request: web.Request, headers: dict[str, str], body: bytes
    ) -> web.Response | None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.limited:
            return _error(429, "used up", {"retry-after": "600"})
        asks = request.method == "POST"
        rules = {
            (400, "a header that does not belong here"): _FORBIDDEN & headers.keys(),
            (400, "a gateway's own header"): any(
                name.startswith("x-ccproxy") for name in headers
            ),
            (401, "wrong key"): not {token, headers.get("x-api-key")}
            & {self.key, *self.more_keys},
            (415, "not JSON"): asks
            and headers.get("content-type") != "application/json",
            (400, "a stale content-encoding"): "content-encoding" in headers,
            (400, "broken or incomplete JSON"): asks
            and not _is_complete(request.path, body),
        }
        for (status, message), broken in rules.items():
            if broken:
                return _error(status, message)
        return None

    async def _by_model(
        self, request: web.Request, payload: dict[str, object]
    ) -> web.StreamResponse:
        model = payload["model"]
        if model == "gone":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if told := _trouble(str(model)):
            return told
        if model == "moved":
            raise web.HTTPTemporaryRedirect("https://elsewhere.invalid/")
        if model == "silent":
            self.waiting.set()
            await self.go.wait()
        if model == "zipped":
            return web.Response(
                body=gzip.compress(b"".join(pieces(request.path, model)), mtime=0),
                content_type="text/event-stream",
                headers={"content-encoding": "gzip"},
            )
        if payload.get("stream") and model != "json":
            return await self._stream(request, str(model))
        return web.Response(
            body=orjson.dumps(whole(request.path, str(model))),
            content_type="application/json",
            headers={"x-request-id": "vendor-1", "set-cookie": "session=secret"},
        )

    async def _stream(self, request: web.Request, model: str) -> web.StreamResponse:
        response = web.StreamResponse()
        if model != "plain":
            response.content_type = "text/event-stream"
        else:
            response.headers["content-type"] = ""
        await response.prepare(request)
        for number, piece in enumerate(pieces(request.path, model)):
            if model == "slow":
                self.waiting.set()
                await self.go.wait()
                self.go.clear()
            if number == 2 and model == "die":
                await response.write(piece[: len(piece) // 2])
                assert request.transport is not None
                await asyncio.sleep(0)
                request.transport.abort()
                return response
            if number == 2 and model == "cut":
                return response
            if number == 2 and model == "torn":
                await response.write(piece[: len(piece) // 2])
                return response
            if model == "full" and (
                number == 1 or request.path.endswith("/completions")
            ):
                await response.write(overload(request.path))
                return response
            if number == 2 and model == "failed":
                await response.write(failure(request.path))
                return response
            await response.write(piece)
        return response


def _trouble(model: str) -> web.Response | None:
    if model == "busy":
        return _error(429, "slow down", {"retry-after": "7", "x-request-id": "v1"})
    if model == "html":
        return web.Response(
            status=502, text="<html>bad gateway</html>", content_type="text/html"
        )
    return _error(int(model), "not now") if model.isdecimal() else None


def _models(anthropic: bool, more: Sequence[str]) -> dict[str, object]:
    if anthropic:
        model = {"type": "model", "id": "vendor-large", "display_name": "Large"}
        model["created_at"] = "1970-01-01T00:00:01Z"
        return {"data": [model], "has_more": False}
    names = ("vendor-large", *more)
    data = [{"id": name, "object": "model", "created": 1} for name in names]
    return {"object": "list", "data": data}


def _is_complete(path: str, body: bytes) -> bool:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(payload, dict) and _required(path) <= payload.keys()


def _required(path: str) -> set[str]:
    if path.endswith("/responses"):
        return {"model", "input"}
    needed = {"model", "messages"}
    return needed | {"max_tokens"} if path.endswith("/messages") else needed


def whole(path: str, model: str) -> dict[str, object]:
    """The answer in one piece."""
    text = "".join(WORDS)
    if path.endswith("/messages/count_tokens"):
        return {"input_tokens": 17}
    if path.endswith("/messages"):
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 3, "output_tokens": 4},
        }
    if path.endswith("/responses"):
        return response_object(model, [message_item(text)], "completed")
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def pieces(path: str, model: str) -> Iterator[bytes]:
    """The answer as events."""
    if path.endswith("/messages"):
        return _messages(model)
    return _responses(model) if path.endswith("/responses") else _chat(model)


def failure(path: str) -> bytes:
    """The event that reports a failure."""
    if path.endswith("/messages"):
        error = {"type": "overloaded_error", "message": "overloaded"}
        return _event({"type": "error", "error": error})
    if path.endswith("/responses"):
        response = response_object("m", [], "failed")
        return _event({"type": "response.failed", "response": response})
    return b'data: {"error":{"message":"overloaded"}}\n\n'


def overload(path: str) -> bytes:
    """The event of an upstream that has no room, and says so within its stream."""
    if path.endswith("/messages"):
        return failure(path)
    error = {"code": "server_is_overloaded", "message": "no room"}
    if path.endswith("/responses"):
        response = {**response_object("m", [], "failed"), "error": error}
        return _event({"type": "response.failed", "response": response})
    return b"data: " + orjson.dumps({"error": error}) + b"\n\n"


def _chat(model: str) -> Iterator[bytes]:
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model}
    for word in WORDS:
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        yield b"data: " + orjson.dumps({**base, "choices": [choice]}) + b"\n\n"
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield b"data: " + orjson.dumps({**base, "choices": [end]}) + b"\n\n"
    yield b"data: [DONE]\n\n"


def _messages(model: str) -> Iterator[bytes]:
    message = whole("/messages", model) | {"content": [], "stop_reason": None}
    yield _event({"type": "message_start", "message": message})
    block = {"type": "text", "text": ""}
    yield _event({"type": "content_block_start", "index": 0, "content_block": block})
    for word in WORDS:
        delta = {"type": "text_delta", "text": word}
        yield _event({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _event({"type": "content_block_stop", "index": 0})
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _event(
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 4}}
    )
    yield _event({"type": "message_stop"})


def _responses(model: str) -> Iterator[bytes]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    text = "".join(WORDS)
    part = {"type": "output_text", "text": "", "annotations": []}
    started = response_object(model, [], "in_progress")
    events: list[dict[str, object]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**message_item(""), "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **place, "part": part},
        *(
            {
                "type": "response.output_text.delta",
                **place,
                "delta": word,
                "logprobs": [],
            }
            for word in WORDS
        ),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {
            "type": "response.content_part.done",
            **place,
            "part": {**part, "text": text},
        },
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": message_item(text),
        },
        {
            "type": "response.completed",
            "response": response_object(model, [message_item(text)], "completed"),
        },
    ]
    for number, event in enumerate(events):
        yield _event({**event, "sequence_number": number})


def message_item(text: str) -> dict[str, object]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def response_object(
    model: str, output: list[dict[str, object]], status: str
) -> dict[str, object]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 4,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 7,
        },
    }


def _event(payload: dict[str, object]) -> bytes:
    name = str(payload["type"]).encode()
    return b"event: " + name + b"\ndata: " + orjson.dumps(payload) + b"\n\n"


def _error(
    status: int, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    body = {"type": "error", "error": {"type": "vendor_error", "message": message}}
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """Run one on a free port."""
    fake = Vendor()
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
