"""The dashboard's files, and what says where they are when they are not there."""

import pytest

from ccproxy.plugins.dashboard import DashboardPlugin
from ccproxy.testing import PluginContract, gateway

pytestmark = pytest.mark.integration


class TestDashboard(PluginContract):
    """The dashboard holds to the contract."""

    plugin = DashboardPlugin


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/dashboard", "text/html; charset=utf-8"),
        ("/dashboard/", "text/html; charset=utf-8"),
        ("/dashboard/app.js", "text/javascript; charset=utf-8"),
        ("/dashboard/style.css", "text/css; charset=utf-8"),
        ("/dashboard/icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
async def test_its_files_are_served_with_their_types(
    path: str, media_type: str
) -> None:
    async with gateway(DashboardPlugin) as running:
        answer = await running.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["__init__.py", "../dashboard/app.js", "..%2f..%2fsdk%2fjson.py", "nothing.js"],
)
async def test_nothing_else_is(path: str) -> None:
    async with gateway(DashboardPlugin) as running:
        answer = await running.client.get(f"/dashboard/{path}")
    assert answer.status_code in (200, 404)
    assert b"import" not in answer.content


@pytest.mark.parametrize("installed", [True, False])
async def test_where_it_is_off_the_answer_says_how_to_turn_it_on(
    *, installed: bool
) -> None:
    plugins = [DashboardPlugin] if installed else []
    async with gateway(*plugins, settings={"dashboard": {"enabled": False}}) as running:
        answer = await running.client.get("/dashboard")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"] == (
        "It comes with ccproxy-dashboard (pip install ccproxy-dashboard), unless "
        "dashboard.enabled is false."
    )
