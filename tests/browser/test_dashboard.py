"""The dashboard in a real browser."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from ccproxy.plugins.dashboard import DashboardPlugin
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.testing import RunningGateway, gateway
from fakes.vendor import Vendor, vendor

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]
ALONE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ALONE)
        yield browser
        await browser.close()


@pytest.fixture
async def fake() -> AsyncIterator[Vendor]:
    async with vendor() as running:
        yield running


@pytest.fixture
async def running(fake: Vendor) -> AsyncIterator[RunningGateway]:
    openai = {"base_url": f"{fake.url}/v1", "api_key": fake.key}
    settings = {"plugins": {"openai": openai}}
    async with gateway(DashboardPlugin, OpenAIPlugin, settings=settings) as running:
        yield running


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page whose every error and every foreign request fails the test."""
    page = await browser.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    yield page
    assert trouble == []


async def test_it_shows_providers_and_plugins(
    page: Page, running: RunningGateway
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{running.url}/dashboard")
    await expect(page.get_by_role("status")).to_contain_text("2 providers usable")
    openai = page.get_by_role("row").filter(has_text="openai-chat").first
    await expect(openai).to_contain_text("ready")
    plugins = page.locator("#plugins")
    await expect(plugins.get_by_role("row")).to_have_count(3)
    await expect(plugins).to_contain_text("dashboard")
    assert all(url.startswith(running.url) for url in asked)


async def test_no_secret_is_on_the_page(
    page: Page, running: RunningGateway, fake: Vendor
) -> None:
    await page.goto(f"{running.url}/dashboard")
    await expect(page.get_by_role("status")).to_contain_text("Version")
    assert fake.key not in await page.content()


async def test_names_are_shown_as_text_whatever_they_hold(page: Page) -> None:
    odd = "<img src=x onerror=alert(1)>"
    settings = {
        "plugins": {"openai": {"base_url": "http://x.invalid/v1", "instances": {}}}
    }
    async with gateway(DashboardPlugin, OpenAIPlugin, settings=settings) as running:
        await page.route(
            "**/api/providers",
            lambda route: route.fulfill(
                json={
                    "default": None,
                    "providers": [
                        {
                            "name": odd,
                            "login": "ready",
                            "usable": True,
                            "detail": odd,
                            "hint": None,
                            "dialects": [odd],
                            "endpoints": [],
                            "base_url": odd,
                        }
                    ],
                }
            ),
        )
        await page.goto(f"{running.url}/dashboard")
        await expect(page.locator("#providers")).to_contain_text(odd)
        assert await page.locator("#providers img").count() == 0


async def test_a_gateway_that_goes_away_is_said_and_comes_back(
    browser: Browser, running: RunningGateway
) -> None:
    page = await browser.new_page()
    await page.clock.install()
    await page.goto(f"{running.url}/dashboard")
    status = page.get_by_role("status")
    await expect(status).to_contain_text("Version")
    await page.route("**/api/**", lambda route: route.abort())
    await page.clock.run_for(10_000)
    await expect(status).to_contain_text("does not answer")
    await page.unroute("**/api/**")
    await page.clock.run_for(10_000)
    await expect(status).to_contain_text("Version")
