"""``GET /v1/models``: what the providers list, in the shape the caller knows."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import orjson
import structlog

from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Kind, Match, ModelTable
from ccproxy.errors import UnknownProviderError, UpstreamTimeoutError
from ccproxy.loader.isolation import isolated, login_of
from ccproxy.models.client_key import ClientKey
from ccproxy.sdk import Credential, JsonObject, Model, Provider, Scope, Send
from ccproxy.security.sanitizer import mask_text

PATIENCE = 5.0
"""Seconds a provider has to give its list."""

_log = structlog.get_logger(__name__)


class Models:
    """Answers for one provider, or merges the lists of all that have a login.

    So it does with the accounts of a provider, where it has several.

    Args:
        table: Knows the providers, and where a plain name leads.
        http: The gateway's client.
    """

    def __init__(self, table: ModelTable, http: httpx.AsyncClient) -> None:
        self._table = table
        self._http = http

    async def __call__(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        """Answer.

        Raises:
            CCProxyError: The one provider asked gave no list.
        """
        match = exchange.match
        models = await self._list(match, exchange.key)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if match.rest:
            await self._one(exchange, models, match.rest, send)
        elif "client_version" in query:
            await _send(send, 200, {"models": []})  # Codex CLI: use your own list
        elif exchange.is_anthropic:
            await _send(send, 200, _anthropic_list(models))
        else:
            data = [_openai(model) for model in models]
            await _send(send, 200, {"object": "list", "data": [*data]})

    async def _one(
        self, exchange: Exchange, models: Sequence[Model], name: str, send: Send
    ) -> None:
        for model in models:
            if model.id == name:
                anthropic = exchange.is_anthropic
                await _send(send, 200, (_anthropic if anthropic else _openai)(model))
                return
        message = (
            f"There is no model {mask_text(name)[:100]!r}. GET /v1/models lists them."
        )
        error: JsonObject = {"type": "not_found_error", "message": message}
        if exchange.is_anthropic:
            await _send(send, 404, {"type": "error", "error": error})
        else:
            error |= {"code": "model_not_found", "param": "model"}
            error["type"] = "invalid_request_error"
            await _send(send, 404, {"error": error})

    async def _list(self, match: Match, key: ClientKey | None) -> Sequence[Model]:
        if match.provider is not None:
            provider = self._table.provider(match.provider)
            return _open_to(key, provider, await self._ask(provider))
        providers = [
            provider
            for provider in self._table.providers.values()
            if login_of(provider).usable
        ]
        lists = await asyncio.gather(*(self._or_nothing(each) for each in providers))
        return [
            replace(model, id=self._name(provider, model.id))
            for provider, models in zip(providers, lists, strict=True)
            for model in _open_to(key, provider, models)
        ]

    async def _or_nothing(self, provider: Provider) -> Sequence[Model]:
        reasons: list[str] = []
        with isolated(provider.name, "models", reasons.append):
            return await self._ask(provider)
        _log.warning("no_models", provider=provider.name, reason=reasons[0])
        return []

    async def _ask(self, provider: Provider) -> Sequence[Model]:
        """Merge what each of a provider's accounts may use.

        Raises:
            CCProxyError: None of them was told a list.
        """
        auths = [each.auth for each in provider.accounts()] or [provider.auth]
        told = await asyncio.gather(
            *(self._ask_for(provider, auth) for auth in auths), return_exceptions=True
        )
        failures = [each for each in told if isinstance(each, BaseException)]
        if len(failures) == len(told):
            raise failures[0]
        for failure in failures:
            reason = mask_text(str(failure))
            _log.warning("no_models_of_one", provider=provider.name, reason=reason)
        found: dict[str, Model] = {}
        for models in told:
            if not isinstance(models, BaseException):
                for model in models:
                    found.setdefault(model.id, model)
        return list(found.values())

    async def _ask_for(self, provider: Provider, auth: Credential) -> Sequence[Model]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await provider.models(self._http, auth)
        except TimeoutError as error:
            msg = f"{provider.name} gave no list of models within {PATIENCE:g} s."
            raise UpstreamTimeoutError(msg) from error

    def _name(self, provider: Provider, model: str) -> str:
        """Name a model so that asking for it by this name reaches its provider."""
        for endpoint in provider.urls:
            match = Match(Kind.MODEL, "", endpoint)
            with suppress(UnknownProviderError):
                target = self._table.target(match, model)
                if target.provider is provider and target.model == model:
                    return model
        return f"{provider.name}/{model}"


def _open_to(
    key: ClientKey | None, provider: Provider, models: Sequence[Model]
) -> Sequence[Model]:
    """Leave the models that a key may be used for; without a key, all."""
    if key is None:
        return models
    return [each for each in models if key.may_ask(provider.name, each.id)]


def _openai(model: Model) -> JsonObject:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.id.partition("/")[0] if "/" in model.id else "ccproxy",
    }


def _anthropic(model: Model) -> JsonObject:
    created = datetime.fromtimestamp(model.created, UTC)
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name or model.id,
        "created_at": created.isoformat().replace("+00:00", "Z"),
        "lifecycle": model.lifecycle,
    }


def _anthropic_list(models: Sequence[Model]) -> JsonObject:
    return {
        "data": [_anthropic(model) for model in models],
        "has_more": False,
        "first_id": models[0].id if models else None,
        "last_id": models[-1].id if models else None,
    }


async def _send(send: Send, status: int, payload: JsonObject) -> None:
    body = orjson.dumps(payload)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
