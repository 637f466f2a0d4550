"""The OpenAI plugin: providers from settings, and where their keys go."""

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from ccproxy.plugins.openai import OpenAIConfig, OpenAIPlugin
from ccproxy.plugins.openai.mistral import MistralProvider
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


async def providers(ctx: PluginContext, section: JsonObject) -> dict[str, Provider]:
    plugin = OpenAIPlugin(OpenAIConfig.model_validate(section))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    await plugin.stop()
    return {provider.name: provider for provider in add.providers}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


async def test_the_bare_section_is_the_vendors_api(ctx: PluginContext) -> None:
    (provider,) = (await providers(ctx, {})).values()
    assert provider.name == "openai"
    assert provider.dialects == (Dialect.CHAT, Dialect.RESPONSES)
    assert provider.urls[Endpoint.CHAT] == "https://api.openai.com/v1/chat/completions"
    assert provider.login().state is LoginState.MISSING
    with pytest.raises(CredentialError, match="OPENAI_API_KEY"):
        await provider.auth.headers()


async def test_the_environments_key_signs_and_models_are_listed(
    ctx: PluginContext, monkeypatch: pytest.MonkeyPatch, http: httpx.AsyncClient
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-right")
    provider = (await providers(ctx, {}))["openai"]
    assert provider.login().detail == "API key from OPENAI_API_KEY"
    listed = await provider.models(http, provider.auth)
    assert [(model.id, model.created) for model in listed] == [
        ("gpt-a", 5),
        ("gpt-b", 0),
    ]


async def test_a_refused_key_gives_no_models(
    ctx: PluginContext, http: httpx.AsyncClient
) -> None:
    provider = (await providers(ctx, {"api_key": "sk-wrong"}))["openai"]
    with pytest.raises(UpstreamError, match="openai gave no list of models"):
        await provider.models(http, provider.auth)


async def test_each_instance_is_a_provider_with_a_key_of_its_own(
    ctx: PluginContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    (tmp_path / "key").write_text("sk-file\n")
    found = await providers(
        ctx,
        {
            "instances": {
                "local": {"base_url": "http://127.0.0.1:11434/v1"},
                "router": {
                    "base_url": "https://router.example/api/v1/",
                    "api_key_file": str(tmp_path / "key"),
                    "endpoints": ["chat/completions"],
                },
                "eu": {"base_url": "https://eu.api.openai.com/v1"},
                "evil": {"base_url": "https://evil-api.openai.com.example/v1"},
            }
        },
    )
    signed = {name: await provider.auth.headers() for name, provider in found.items()}
    assert signed == {
        "openai": {"authorization": "Bearer sk-vendor"},
        "local": {},
        "router": {"authorization": "Bearer sk-file"},
        "eu": {"authorization": "Bearer sk-vendor"},
        "evil": {},
    }
    assert found["local"].login().state is LoginState.NOT_NEEDED
    assert found["router"].dialects == (Dialect.CHAT,)
    assert found["router"].urls == {
        Endpoint.CHAT: "https://router.example/api/v1/chat/completions"
    }


async def test_a_base_url_of_ones_own_takes_the_environments_key_or_none(
    ctx: PluginContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    section: JsonObject = {"base_url": "http://127.0.0.1:9/v1"}
    unsigned = (await providers(ctx, section))["openai"]
    assert await unsigned.auth.headers() == {}
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    signed = (await providers(ctx, section))["openai"]
    assert await signed.auth.headers() == {"authorization": "Bearer sk-mine"}


async def test_an_unreadable_key_file_breaks_its_own_provider_only(
    ctx: PluginContext, tmp_path: Path
) -> None:
    broken: JsonObject = {
        "base_url": "http://127.0.0.1:9/v1",
        "api_key_file": str(tmp_path / "none"),
    }
    found = await providers(ctx, {"api_key": "sk-right", "instances": {"b": broken}})
    assert found["b"].login().state is LoginState.BROKEN
    assert str(tmp_path / "none") in found["b"].login().detail
    assert found["openai"].login().state is LoginState.READY


@pytest.mark.parametrize(
    "section",
    [
        {"base_url": "https://me:pw@api.example.com/v1"},
        {"api_key": "k", "api_key_file": "f"},
        {"api_key": "k", "api_key_files": ["f"]},
        {"api_key_files": ["home/key", "work/key.txt"]},
        {"endpoints": []},
        {"endpoints": ["chat"]},
        {"instances": {"local": {}}},
        {"instances": {"openai": {"base_url": "http://127.0.0.1:9/v1"}}},
        {"instances": {"v1/x": {"base_url": "http://127.0.0.1:9/v1"}}},
        {"instances": {"local": {"base_url": "http://127.0.0.1:9/v1", "keey": "k"}}},
    ],
)
def test_wrong_settings_are_refused(section: JsonObject) -> None:
    with pytest.raises(ValidationError):
        OpenAIConfig.model_validate(section)


async def test_the_profile_is_the_keys_organization(ctx: PluginContext) -> None:
    plugin = OpenAIPlugin(OpenAIConfig.model_validate({"api_key": "sk-right"}))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    (account,) = await add.profile_adapters["openai"]()
    assert (account.account, account.organization) == ("org-o", "org-o")


async def test_each_of_several_keys_has_a_profile(
    ctx: PluginContext, tmp_path: Path
) -> None:
    for name in ("home", "work"):
        (tmp_path / name).write_text("sk-right")
    files = [str(tmp_path / name) for name in ("home", "work")]
    plugin = OpenAIPlugin(OpenAIConfig.model_validate({"api_key_files": files}))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    told = await add.profile_adapters["openai"]()
    assert [(each.account, each.active) for each in told] == [
        ("home", True),
        ("work", False),
    ]


async def test_each_instance_has_a_profile_of_its_own(ctx: PluginContext) -> None:
    instances = {"local": {"base_url": "http://127.0.0.1:9/v1"}}
    plugin = OpenAIPlugin(OpenAIConfig.model_validate({"instances": instances}))
    add = Contributions()
    plugin.setup(add)
    await plugin.start(ctx)
    assert sorted(add.profile_adapters) == ["local", "openai"]
    assert await add.profile_adapters["local"]() == []  # it needs no key


async def test_each_of_several_keys_is_an_account_named_as_its_file(
    ctx: PluginContext, tmp_path: Path
) -> None:
    files = [tmp_path / "home.key", tmp_path / "work"]
    files[1].write_text("sk-right")
    section: JsonObject = {"api_key_files": [str(file) for file in files]}
    provider = (await providers(ctx, section))["openai"]
    home, work = provider.accounts()
    assert (home.name, work.name) == ("home", "work")
    assert home.auth.status().state is LoginState.BROKEN
    assert await work.auth.headers() == {"authorization": "Bearer sk-right"}
    assert provider.login().state is LoginState.READY


async def test_one_key_alone_is_no_account(ctx: PluginContext, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-right")
    section: JsonObject = {"api_key_files": [str(tmp_path / "key")]}
    provider = (await providers(ctx, section))["openai"]
    assert provider.accounts() == ()
    assert await provider.auth.headers() == {"authorization": "Bearer sk-right"}


@pytest.mark.parametrize(
    ("model", "effort", "takes_it"),
    [
        ("gpt-5.5", None, False),
        ("o3-mini", "low", False),
        ("gpt-5.5", "none", True),
        ("gpt-4.1", None, True),
        ("gpt-5-chat-latest", None, True),
    ],
)
async def test_models_that_reason_are_not_told_how_to_sample(
    ctx: PluginContext, model: str, effort: str | None, *, takes_it: bool
) -> None:
    """As far as the caller speaks another dialect, and can't know of it."""
    provider = (await providers(ctx, {}))["openai"]
    payload: JsonObject = {"model": model, "temperature": 0.5, "top_p": 1}
    if effort:
        payload["reasoning"] = {"effort": effort}
    for translated in (True, False):
        request = UpstreamRequest(
            url="https://x.invalid",
            endpoint=Endpoint.RESPONSES,
            model=model,
            stream=False,
            headers={},
            body=b"",
            payload=payload,
            request_id="r",
            translated=translated,
        )
        await provider.prepare(request)
        if takes_it or not translated:
            assert request.payload is payload
            assert request.notes == []
        else:
            assert "temperature" not in request.payload
            assert request.payload["top_p"] == 1
            assert request.notes == [f"Dropped temperature ({model} refuses it)."]


async def test_other_servers_are_told_all_that_is_asked(ctx: PluginContext) -> None:
    """But for Mistral's, which refuses what it does not know."""
    instances: JsonObject = {
        "local": {"base_url": "http://127.0.0.1:1"},
        "mistral": {"base_url": "https://api.mistral.ai/v1"},
    }
    found = await providers(ctx, {"instances": instances})
    assert type(found["local"]) is Provider
    assert type(found["mistral"]) is MistralProvider
