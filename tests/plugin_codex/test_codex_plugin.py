"""The Codex plugin: one provider, honest headers, a list of models."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from ccproxy.plugins.codex import CodexConfig, CodexPlugin
from ccproxy.sdk import (
    Contributions,
    Dialect,
    Endpoint,
    JsonObject,
    LoginState,
    PluginContext,
    Provider,
    UpstreamRequest,
)
from ccproxy.sdk.errors import CredentialError, UpstreamError

pytestmark = pytest.mark.unit

AuthJson = Callable[..., Path]
RequestOf = Callable[..., UpstreamRequest]
BODY = b'{"model":"m","input":"hi"}'


async def started(ctx: PluginContext, section: JsonObject) -> Provider:
    plugin = CodexPlugin(CodexConfig.model_validate(section))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    (provider,) = add.providers
    return provider


async def test_it_speaks_responses_only_and_only_streams(ctx: PluginContext) -> None:
    provider = await started(ctx, {})
    assert provider.dialects == (Dialect.RESPONSES,)
    assert provider.urls == {
        endpoint: f"https://chatgpt.com/backend-api/codex/{endpoint}"
        for endpoint in (Endpoint.RESPONSES, Endpoint.COMPACT)
    }
    assert getattr(provider, "stream_only") is True  # noqa: B009


async def test_codex_home_comes_from_the_settings_then_from_the_environment(
    ctx: PluginContext, auth_json: AuthJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = auth_json({"access_token": "t"}).parent
    monkeypatch.setenv("CODEX_HOME", str(home))
    assert (await started(ctx, {})).login().state is LoginState.READY
    elsewhere = await started(ctx, {"codex_home": str(home / "other")})
    assert elsewhere.login().state is LoginState.MISSING
    monkeypatch.setenv("CODEX_HOME", "")
    monkeypatch.setenv("HOME", str(home))
    assert "~/.codex/auth.json" in (await started(ctx, {})).login().detail


async def test_codex_cli_keeps_its_own_names(
    ctx: PluginContext, request_of: RequestOf
) -> None:
    own = {
        "originator": "codex_exec",
        "user-agent": "codex_exec/0.169.0 (Debian 12.0.0; x86_64)",
        "session-id": "s",
    }
    request = request_of(
        BODY, {**own, "chatgpt-account-id": "the callers", "x-openai-fedramp": "true"}
    )
    await (await started(ctx, {})).prepare(request)
    assert request.headers == {**own, "accept": "text/event-stream"}


async def test_other_callers_go_under_the_gateways_name(
    ctx: PluginContext, request_of: RequestOf
) -> None:
    request = request_of(
        BODY, {"user-agent": "OpenAI/Python 3.54", "accept": "application/json"}
    )
    await (await started(ctx, {"originator": "my tool"})).prepare(request)
    assert request.headers.pop("user-agent").startswith("ccproxy/")
    assert request.headers == {"originator": "my tool", "accept": "text/event-stream"}


async def test_the_models_that_may_be_chosen_are_listed(
    ctx: PluginContext, http: httpx.AsyncClient, auth_json: AuthJson
) -> None:
    home = auth_json({"access_token": "right", "account_id": "acct-1"}).parent
    provider = await started(ctx, {"codex_home": str(home)})
    listed = await provider.models(http, provider.auth)
    assert [(model.id, model.display_name) for model in listed] == [
        ("gpt-a", "A"),
        ("gpt-b", "gpt-b"),
        ("gpt-c", "gpt-c"),
    ]


async def test_a_refused_login_gives_no_models(
    ctx: PluginContext, http: httpx.AsyncClient, auth_json: AuthJson
) -> None:
    home = auth_json({"access_token": "wrong"}).parent
    provider = await started(ctx, {"codex_home": str(home)})
    with pytest.raises(UpstreamError, match="codex gave no list of models"):
        await provider.models(http, provider.auth)


async def test_without_a_login_models_are_not_even_asked_for(
    ctx: PluginContext, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    provider = await started(ctx, {"codex_home": str(tmp_path)})
    with pytest.raises(CredentialError, match="keeps no login"):
        await provider.models(http, provider.auth)


@pytest.mark.parametrize("answer", [b"[]", b'{"models": 3}', b"<html>", b'{"data":[]}'])
async def test_an_answer_of_another_shape_is_an_upstream_error(
    ctx: PluginContext, auth_json: AuthJson, answer: bytes
) -> None:
    home = auth_json({"access_token": "right"}).parent
    provider = await started(ctx, {"codex_home": str(home)})
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=answer))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(UpstreamError):
            await provider.models(http, provider.auth)


@pytest.mark.parametrize(
    "section",
    [
        {"base_url": "ftp://example.com"},
        {"token_url": "https://me:pw@example.com"},
        {"originator": "two\nlines"},
        {"originator": ""},
        {"login_timeout": 0},
        {"callback_ports": []},
        {"callback_ports": [65536]},
        {"store": "cloud"},
        {"api_key": "k"},
    ],
)
def test_wrong_settings_are_refused(section: JsonObject) -> None:
    with pytest.raises(ValidationError):
        CodexConfig.model_validate(section)
