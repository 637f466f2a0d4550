"""The Anthropic plugin: its key, its version header, and the caller's own login."""

from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import ValidationError

from ccproxy.plugins.anthropic import AnthropicConfig, AnthropicPlugin
from ccproxy.sdk import (
    Contributions,
    Endpoint,
    JsonObject,
    LoginState,
    Model,
    PluginContext,
    Provider,
    UpstreamRequest,
)
from ccproxy.sdk.errors import CredentialError, UpstreamError

pytestmark = pytest.mark.unit


async def started(ctx: PluginContext, section: JsonObject) -> Provider:
    plugin = AnthropicPlugin(AnthropicConfig.model_validate(section))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    (provider,) = add.providers
    return provider


def request(headers: dict[str, str]) -> UpstreamRequest:
    payload: JsonObject = {"model": "m"}
    return UpstreamRequest(
        url="https://api.anthropic.com/v1/messages",
        endpoint=Endpoint.MESSAGES,
        model="m",
        stream=False,
        headers=headers,
        body=orjson.dumps(payload),
        payload=payload,
        request_id="r1",
    )


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        (None, "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        ("http://127.0.0.1:9/a", "http://127.0.0.1:9/a/v1/messages"),
        ("http://127.0.0.1:9/a/v1", "http://127.0.0.1:9/a/v1/messages"),
    ],
)
async def test_the_base_url_may_end_in_v1_or_not(
    ctx: PluginContext, base_url: str | None, url: str
) -> None:
    provider = await started(ctx, {"base_url": base_url} if base_url else {})
    assert provider.urls == {
        Endpoint.MESSAGES: url,
        Endpoint.COUNT_TOKENS: f"{url}/count_tokens",
    }


async def test_the_environments_key_goes_into_x_api_key(
    ctx: PluginContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-right")
    provider = await started(ctx, {})
    assert await provider.auth.headers() == {"x-api-key": "sk-right"}
    assert provider.login().detail == "API key from ANTHROPIC_API_KEY"


async def test_without_a_key_the_login_is_missing_and_says_what_to_set(
    ctx: PluginContext,
) -> None:
    provider = await started(ctx, {})
    assert provider.login().state is LoginState.MISSING
    with pytest.raises(CredentialError, match="ANTHROPIC_API_KEY"):
        await provider.auth.headers()


async def test_with_passthrough_and_no_key_callers_bring_their_own(
    ctx: PluginContext, tmp_path: Path
) -> None:
    provider = await started(ctx, {"passthrough": True})
    assert provider.passthrough
    assert provider.login().state is LoginState.CALLERS_OWN
    (tmp_path / "key").write_text("sk-right")
    keyed = await started(
        ctx, {"passthrough": True, "api_key_file": str(tmp_path / "key")}
    )
    assert keyed.login().state is LoginState.READY


async def test_a_version_is_added_only_where_the_caller_sent_none(
    ctx: PluginContext,
) -> None:
    provider = await started(ctx, {"version": "2024-01-01"})
    bare, named = request({}), request({"anthropic-version": "2026-10-21"})
    body = bare.body
    await provider.prepare(bare)
    await provider.prepare(named)
    assert bare.headers == {"anthropic-version": "2024-01-01"}
    assert named.headers == {"anthropic-version": "2026-10-21"}
    assert bare.body is body
    assert bare.notes == []


async def test_all_models_are_listed_with_the_day_of_their_release(
    ctx: PluginContext, http: httpx.AsyncClient
) -> None:
    provider = await started(ctx, {"api_key": "sk-right"})
    assert await provider.models(http, provider.auth) == [
        Model("claude-b", 60, "B"),
        Model("claude-a", 0, "claude-a", "deprecated"),
        Model("claude-0", 0, "claude-0"),
    ]


async def test_a_refused_key_gives_no_models(
    ctx: PluginContext, http: httpx.AsyncClient
) -> None:
    provider = await started(ctx, {"api_key": "sk-wrong"})
    with pytest.raises(UpstreamError, match="anthropic gave no list of models"):
        await provider.models(http, provider.auth)


@pytest.mark.parametrize(
    "section",
    [
        {"base_url": "https://me:pw@api.anthropic.com"},
        {"api_key": "k", "api_key_file": "f"},
        {"passthru": True},
    ],
)
def test_wrong_settings_are_refused(section: JsonObject) -> None:
    with pytest.raises(ValidationError):
        AnthropicConfig.model_validate(section)


async def test_the_profile_is_the_keys_organization(ctx: PluginContext) -> None:
    plugin = AnthropicPlugin(AnthropicConfig.model_validate({"api_key": "sk-right"}))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    (account,) = await add.profile_adapters["anthropic"]()
    assert (account.account, account.organization) == ("org-a", "org-a")


async def test_each_of_several_keys_is_an_account(
    ctx: PluginContext, tmp_path: Path
) -> None:
    for name in ("home", "work"):
        (tmp_path / name).write_text(f"sk-{name}")
    files = [str(tmp_path / name) for name in ("home", "work")]
    provider = await started(ctx, {"api_key_files": [*files]})
    signed = {each.name: await each.auth.headers() for each in provider.accounts()}
    assert signed == {
        "home": {"x-api-key": "sk-home"},
        "work": {"x-api-key": "sk-work"},
    }


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("claude-opus-4-8", {"model"}),
        ("claude-opus-4-10-latest", {"model"}),
        ("claude-opus-4-20250514", {"model", "temperature", "top_k"}),
        ("claude-sonnet-4-5", {"model", "temperature", "top_k"}),
    ],
)
async def test_models_are_not_told_to_sample_as_they_refuse_to(
    ctx: PluginContext, model: str, kept: set[str]
) -> None:
    """As far as the caller speaks another dialect, and can't know of it."""
    provider = await started(ctx, {})
    payload: JsonObject = {"model": model, "temperature": 0, "top_p": 1, "top_k": 5}
    native, translated = request({}), request({})
    for each in (native, translated):
        each.model, each.payload = model, payload
    translated.translated = True
    await provider.prepare(native)
    await provider.prepare(translated)
    assert native.payload is payload
    assert translated.payload.keys() == kept
    assert len(translated.notes) == len(payload) - len(kept)
