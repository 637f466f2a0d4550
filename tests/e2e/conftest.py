"""The real server process, in a home of its own, in front of a strict vendor."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.process import TOKEN, Server, serving
from fakes.vendor import KEY, Vendor, vendor


@pytest.fixture
async def fake() -> AsyncIterator[Vendor]:
    async with vendor() as running:
        yield running


@pytest.fixture
def settings_file(fake: Vendor, tmp_path: Path) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(
        f"""
        [security]
        client_tokens = ["{TOKEN}"]
        [plugins.openai]
        base_url = "{fake.url}/v1"
        api_key = "{KEY}"
        [plugins.anthropic]
        base_url = "{fake.url}"
        api_key = "{KEY}"
        """
    )
    file.chmod(0o600)
    return file


@pytest.fixture
async def server(settings_file: Path, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path, "--config", str(settings_file)) as running:
        yield running


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Server]:
    """A server nobody has configured."""
    async with serving(tmp_path) as running:
        yield running
