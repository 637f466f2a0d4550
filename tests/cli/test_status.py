"""``ccproxy status``: what the running gateway tells, or why nobody tells anything."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from ccproxy.cli.status import circuits as in_words
from ccproxy.cli.summaries import ProvidersSummary

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]
FALLBACK = "Models without a provider go to"


class Stranger(BaseHTTPRequestHandler):
    """A program that is no gateway, and remembers what it was shown."""

    shown: list[str | None]

    def do_GET(self) -> None:
        self.shown.append(self.headers["authorization"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    Stranger.shown = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def only_sandbox(environ: dict[str, str]) -> None:
    environ["CCPROXY_PLUGINS__ENABLE"] = '["sandbox", "server"]'


@pytest.fixture
def asks_for_a_token(environ: dict[str, str]) -> None:
    environ["CCPROXY_SECURITY__CLIENT_TOKENS"] = '["first-token", "second-token"]'


@pytest.mark.usefixtures("only_sandbox")
def test_it_tells_the_version_and_the_logins(ccproxy: Run, gateway: str) -> None:
    told = ccproxy("status")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == (
        f"ccproxy {version('ccproxy-server')} is running on {gateway}\n\n"
        "PROVIDER  LOGIN       DETAIL           WHAT TO DO\n"
        "sandbox   not-needed  no login needed\n\n"
        "No provider has a login: the sandbox answers, it only echoes.\n"
    )


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"OPENAI_API_KEY": "sk-a", "ANTHROPIC_API_KEY": "sk-b"},
            f"{FALLBACK} the first that speaks their dialect of anthropic, openai.",
        ),
        ({"OPENAI_API_KEY": "sk-a"}, f"{FALLBACK} openai."),
        (
            {"CCPROXY_ROUTING__DEFAULT_PROVIDER": "openai"},
            f"{FALLBACK} openai, which has no login.",
        ),
        (
            {"CCPROXY_PLUGINS__ENABLE": '["openai", "server"]'},
            "No provider has a login: nobody answers.",
        ),
    ],
)
def test_it_says_who_answers_a_model_without_a_provider(
    ccproxy: Run,
    environ: dict[str, str],
    request: pytest.FixtureRequest,
    variables: dict[str, str],
    told: str,
) -> None:
    environ |= variables
    request.getfixturevalue("gateway")
    assert ccproxy("status").stdout.splitlines()[-1] == told


@pytest.mark.usefixtures("only_sandbox")
def test_programs_get_all_of_it_as_json(ccproxy: Run, gateway: str) -> None:
    assert json.loads(ccproxy("status", "--json").stdout) == {
        "url": gateway,
        "version": version("ccproxy-server"),
        "providers": [
            {
                "name": "sandbox",
                "accounts": [],
                "circuits": [],
                "login": "not-needed",
                "detail": "no login needed",
                "hint": None,
                "usable": True,
            }
        ],
        "fallback": ["sandbox"],
        "plugins_failed": [],
    }


@pytest.mark.usefixtures("only_sandbox")
def test_it_tells_the_accounts_of_a_provider_that_has_several(
    ccproxy: Run,
    home: Path,
    environ: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    keys = [home / name for name in ("work", "spare")]
    for key in keys:
        key.write_text(f"sk-{key.name}")
        key.chmod(0o600)
    environ["CCPROXY_PLUGINS__ENABLE"] = '["openai", "server"]'
    environ["CCPROXY_PLUGINS__OPENAI__API_KEY_FILES"] = json.dumps([*map(str, keys)])
    request.getfixturevalue("gateway")
    told = ccproxy("status")
    assert (
        "PROVIDER  ACCOUNT  LOGIN  USED  RESTS FOR\n"
        "openai    work     ready\n"
        "openai    spare    ready\n"
    ) in told.stdout


def test_it_tells_the_models_that_are_passed_over() -> None:
    circuits = [
        {"model": "gpt-a", "state": "open", "seconds": 29.6},
        {"model": "gpt-b", "state": "half-open", "seconds": 0},
    ]
    provider = {"name": "openai", "login": "ready", "detail": "", "hint": None}
    told = ProvidersSummary.model_validate(
        {
            "providers": [
                {**provider, "usable": True, "accounts": [], "circuits": circuits}
            ],
            "default": None,
        }
    )
    assert in_words(told) == [
        "openai/gpt-a has failed of late: it is passed over for 30 s.",
        "openai/gpt-b has failed of late: the next request tries it.",
    ]


@pytest.mark.usefixtures("broken_plugin", "only_sandbox")
def test_it_names_the_plugins_that_failed(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_PLUGINS__ENABLE"] = '["crooked", "server"]'
    request.getfixturevalue("gateway")
    told = ccproxy("status")
    assert told.stdout.endswith(
        "\nThe plugin crooked is off: import failed: RuntimeError: it is crooked\n"
    )


@pytest.mark.usefixtures("asks_for_a_token", "gateway")
def test_it_shows_a_token_of_the_settings_or_that_of_the_variable(ccproxy: Run) -> None:
    assert ccproxy("status").returncode == 0
    assert ccproxy("status", env={"CCPROXY_TOKEN": "second-token"}).returncode == 0
    told = ccproxy("status", env={"CCPROXY_TOKEN": "wrong"})
    assert (told.returncode, told.stdout) == (8, "")
    assert "asks for another client token." in told.stderr
    assert "wrong" not in told.stderr


def test_without_a_gateway_it_says_how_to_start_one(ccproxy: Run, port: int) -> None:
    told = ccproxy("status")
    assert (told.returncode, told.stdout) == (9, "")
    assert told.stderr == (
        f"Error: No gateway answers at http://127.0.0.1:{port}.\n"
        "Start one: ccproxy serve\n"
    )


@pytest.mark.usefixtures("asks_for_a_token")
def test_a_stranger_is_no_gateway_and_gets_no_token(
    ccproxy: Run, stranger: str
) -> None:
    told = ccproxy("status", "--url", stranger)
    assert (told.returncode, told.stdout) == (9, "")
    assert told.stderr.startswith(f"Error: What answers at {stranger} is not ccproxy.")
    assert Stranger.shown == [None]


@pytest.mark.parametrize("url", ["foo", "127.0.0.1:8000", "ftp://a", "http://"])
def test_what_is_no_url_is_said_to_be_none(ccproxy: Run, url: str) -> None:
    told = ccproxy("status", "--url", url)
    assert told.returncode == 2
    assert "Invalid value for --url: It is no URL such as http" in told.stderr
