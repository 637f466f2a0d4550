"""``ccproxy run``: a program finds the gateway, and is run as if we were not there."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.databases import lay_tables
from fakes.process import wait_for_nobody

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]

DUMP = f"""\
#!{sys.executable}
import json, os, sys
print(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}))
"""
ASK = f"""\
#!{sys.executable}
import os, sys, urllib.request
with urllib.request.urlopen(os.environ["OPENAI_BASE_URL"] + "/models") as answer:
    print(os.environ["OPENAI_BASE_URL"], answer.status)
sys.exit(7)
"""
WAIT = f"""\
#!{sys.executable}
import signal, sys
wanted = {{signal.SIGTERM, signal.SIGINT}}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
print(signal.Signals(signal.sigwait(wanted)).name)
sys.exit(5)
"""


ONLY_ECHOES = "No provider has a login: the sandbox answers, it only echoes.\n"


@pytest.fixture
def logins(environ: dict[str, str], home: Path) -> None:
    """Let the gateway find a key of OpenAI's, and a login of Codex CLI."""
    environ["OPENAI_API_KEY"] = "sk-test-0123456789abcdef"
    environ["CODEX_HOME"] = str(home)
    tokens = {"access_token": "codex-token", "account_id": "acct-1"}
    login = {"auth_mode": "chatgpt", "tokens": tokens}
    (home / "auth.json").write_text(json.dumps(login))


@pytest.fixture
def programs(home: Path, environ: dict[str, str]) -> Path:
    """A folder on the PATH with programs of that name, and a database for gateways."""
    lay_tables(home / "data" / "ccproxy" / "ccproxy.duckdb")
    folder = home / "bin"
    folder.mkdir()
    scripts = {"claude": DUMP, "codex": DUMP, "dump": DUMP, "ask": ASK, "wait": WAIT}
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environ["PATH"] = f"{folder}{os.pathsep}{os.defpath}"
    return folder


@pytest.mark.usefixtures("programs", "logins")
def test_claude_is_pointed_by_its_environment(ccproxy: Run, gateway: str) -> None:
    told = ccproxy(
        *("run", "claude", "--", "-p", "hi", "--model", "opus"),
        env={"ANTHROPIC_API_KEY": "sk-own"},
    )
    assert (told.returncode, told.stderr) == (0, "")
    got = json.loads(told.stdout)
    assert got["arguments"] == ["-p", "hi", "--model", "opus"]
    assert got["environment"]["ANTHROPIC_BASE_URL"] == gateway
    assert got["environment"]["ANTHROPIC_AUTH_TOKEN"] == "ccproxy"
    assert "ANTHROPIC_API_KEY" not in got["environment"]
    assert "ANTHROPIC_MODEL" not in got["environment"]


def test_claude_keeps_its_own_login_where_the_gateway_passes_it_on(
    ccproxy: Run,
) -> None:
    told = ccproxy(
        *(
            "run",
            "--print",
            "--json",
            "--set",
            "plugins.anthropic.passthrough=true",
            "claude",
        ),
    )
    shown = json.loads(told.stdout)
    assert list(shown["set"]) == ["ANTHROPIC_BASE_URL"]
    assert shown["unset"] == []


@pytest.mark.usefixtures("programs", "logins")
def test_claude_asks_the_provider_and_model_it_is_told_to(
    ccproxy: Run, gateway: str
) -> None:
    told = ccproxy("run", "--provider", "codex", "--model", "gpt-5.5", "claude")
    environment = json.loads(told.stdout)["environment"]
    assert environment["ANTHROPIC_BASE_URL"] == f"{gateway}/codex"
    assert environment["ANTHROPIC_MODEL"] == "gpt-5.5"


@pytest.mark.usefixtures("programs", "logins")
def test_codex_is_pointed_by_flags_and_shows_the_token(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_SECURITY__CLIENT_TOKENS"] = '["client-token"]'
    gateway = request.getfixturevalue("gateway")
    told = ccproxy("run", "--model", "gpt-5.5", "codex", "exec", "--json", "hi")
    got = json.loads(told.stdout)
    assert got["arguments"] == [
        *("-c", 'model_provider="ccproxy"'),
        *("-c", 'model_providers.ccproxy.name="ccproxy"'),
        *("-c", f'model_providers.ccproxy.base_url="{gateway}/codex/v1"'),
        *("-c", 'model_providers.ccproxy.wire_api="responses"'),
        *("-c", 'model_providers.ccproxy.env_key="CCPROXY_TOKEN"'),
        *("-c", 'model="gpt-5.5"'),
        *("exec", "--json", "hi"),
    ]
    assert got["environment"]["CCPROXY_TOKEN"] == "client-token"


@pytest.mark.usefixtures("programs")
def test_any_program_gets_the_variables_of_the_sdks(ccproxy: Run, gateway: str) -> None:
    told = ccproxy("run", "--provider", "sandbox", "--", "dump", "--print")
    got = json.loads(told.stdout)
    assert got["arguments"] == ["--print"]
    wanted = {
        "OPENAI_BASE_URL": f"{gateway}/sandbox/v1",
        "OPENAI_API_KEY": "ccproxy",
        "ANTHROPIC_BASE_URL": f"{gateway}/sandbox",
        "ANTHROPIC_AUTH_TOKEN": "ccproxy",
    }
    assert got["environment"].items() >= wanted.items()


@pytest.mark.usefixtures("programs", "port")
def test_without_a_gateway_one_runs_as_long_as_the_program(
    ccproxy: Run, home: Path, port: int
) -> None:
    told = ccproxy("run", "ask")
    url, status = told.stdout.split()
    assert (told.returncode, status) == (7, "200")
    assert url.startswith("http://127.0.0.1:")
    assert url != f"http://127.0.0.1:{port}/v1"
    first, *rest = told.stderr.splitlines(keepends=True)
    assert first.startswith("No gateway ran, so one runs for this program: http")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=1)
    logs = home / "data" / "ccproxy" / "logs"
    (log,) = logs.iterdir()
    assert rest == [
        ONLY_ECHOES,
        f"ask ended with 7. The log of its gateway is {log}.\n",
    ]
    assert [each.stat().st_mode & 0o777 for each in (logs.parent, logs)] == [0o700] * 2


@pytest.mark.usefixtures("programs", "port")
def test_the_log_of_its_gateway_goes_when_all_went_well(
    ccproxy: Run, home: Path
) -> None:
    assert ccproxy("run", "dump").returncode == 0
    assert list((home / "data" / "ccproxy" / "logs").iterdir()) == []


@pytest.mark.usefixtures("programs", "port")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ("--provider", "opnai", "dump"),
            1,
            "There is no provider 'opnai'.\nThere are: anthropic, codex, openai, ",
        ),
        (("--provider", "openai", "dump"), 8, "The provider openai can't answer: "),
        (("codex",), 8, "The provider codex can't answer: "),
    ],
)
def test_nothing_is_started_where_nobody_can_answer(
    ccproxy: Run, home: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = ccproxy("run", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.splitlines(keepends=True)
    assert "".join(lines[1:]).startswith(f"Error: {told}")
    assert len(lines) == 3  # that a gateway runs, the error, what to do
    assert list((home / "data" / "ccproxy" / "logs").iterdir()) == []


@pytest.mark.usefixtures("programs", "gateway")
def test_without_a_login_it_says_that_the_sandbox_answers(ccproxy: Run) -> None:
    assert ccproxy("run", "claude").stderr == ONLY_ECHOES
    assert ccproxy("run", "--provider", "sandbox", "claude").stderr == ""


@pytest.mark.usefixtures("programs")
def test_a_default_that_was_chosen_needs_no_comment(
    ccproxy: Run, environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["CCPROXY_ROUTING__DEFAULT_PROVIDER"] = "sandbox"
    request.getfixturevalue("gateway")
    assert ccproxy("run", "claude").stderr == ""


@pytest.mark.usefixtures("programs", "port")
def test_its_own_gateway_has_the_settings_of_the_command_line(ccproxy: Run) -> None:
    token = 'security.client_tokens=["client-token"]'
    told = ccproxy("run", "--set", token, "ask")
    assert "HTTP Error 401" in told.stderr


@pytest.mark.usefixtures("programs", "port")
def test_a_gateway_that_does_not_start_is_told_in_its_own_words(
    ccproxy: Run, home: Path
) -> None:
    wrong = ("--set", "routing.default_provider=nobody")
    told = ccproxy("run", *wrong, "dump")
    (log,) = (home / "data" / "ccproxy" / "logs").iterdir()
    assert (told.returncode, told.stdout) == (1, "")
    assert "which does not exist" in told.stderr
    assert told.stderr.endswith(f"Its log is {log}.\n")
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("programs", "gateway")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_program(
    environ: dict[str, str], home: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ccproxy.cli", "run", "wait"],
        env=environ,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"{number.name}\n"
    assert process.returncode == 5


@pytest.mark.usefixtures("gateway")
def test_under_nohup_the_program_ignores_hangups_too(
    environ: dict[str, str], home: Path
) -> None:
    ask = "import signal; print(signal.getsignal(signal.SIGHUP).name)"
    us = [sys.executable, "-m", "ccproxy.cli", "run", "--"]
    told = subprocess.run(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *us, sys.executable, "-c", ask],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "SIG_IGN\n"


def test_its_own_gateway_ends_with_it_even_if_it_is_killed(
    environ: dict[str, str], home: Path
) -> None:
    tell = "echo $OPENAI_BASE_URL; exec sleep 60"
    us = [sys.executable, "-m", "ccproxy.cli", "run", "--", "sh", "-c", tell]
    with subprocess.Popen(
        us,
        env=environ,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        process.kill()
        wait_for_nobody(url)
        os.killpg(process.pid, signal.SIGKILL)  # the program, which nobody watches now


@pytest.mark.usefixtures("programs", "gateway")
def test_a_program_that_dies_of_a_signal_tells_so_as_in_a_shell(ccproxy: Run) -> None:
    told = ccproxy("run", "--", "sh", "-c", "kill -KILL $$")
    assert told.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    ("program", "hint"),
    [
        ("claude", "Install it: npm install -g @anthropic-ai/claude-code"),
        ("codex", "Install it: npm install -g @openai/codex"),
        ("no-such", "Check its name, or give its path."),
    ],
)
def test_a_program_that_is_not_there_is_an_error(
    ccproxy: Run, program: str, hint: str
) -> None:
    told = ccproxy("run", program)
    assert (told.returncode, told.stdout) == (5, "")
    assert told.stderr == (
        f"Error: There is no program '{program}' on the PATH.\n{hint}\n"
    )


def test_print_shows_the_command_and_hides_the_token(ccproxy: Run) -> None:
    told = ccproxy(
        *("run", "--print", "claude", "-p", "two words"),
        env={"CCPROXY_TOKEN": "hush-hush"},
    )
    assert told.stdout == (
        "env -u ANTHROPIC_API_KEY ANTHROPIC_BASE_URL=http://127.0.0.1:8000 "
        "ANTHROPIC_AUTH_TOKEN=\"$CCPROXY_TOKEN\" claude -p 'two words'\n"
    )


def test_a_proxy_is_kept_out_of_the_way(ccproxy: Run) -> None:
    proxy = {"HTTP_PROXY": "http://proxy.test:3128", "NO_PROXY": "intra.test"}
    told = ccproxy("run", "--print", "--json", "claude", env=proxy)
    environment = json.loads(told.stdout)["set"]
    assert environment["NO_PROXY"] == "intra.test,127.0.0.1"
    assert environment["no_proxy"] == "intra.test,127.0.0.1"


@pytest.mark.usefixtures("logins", "gateway")
def test_a_program_that_can_t_be_started_is_an_error(
    ccproxy: Run, programs: Path
) -> None:
    (programs / "odd").write_bytes(b"\x7fnothing that runs")
    (programs / "odd").chmod(0o755)
    told = ccproxy("run", "odd")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "Error: odd can't be started: Exec format error.\n"


def test_a_printed_line_says_which_variable_it_needs(ccproxy: Run, home: Path) -> None:
    (home / "tokens").write_text("correct-horse-battery\n")
    file = f"security.client_tokens_file={home}/tokens"
    for program in ("claude", "codex"):
        told = ccproxy("run", "--set", file, "--print", program)
        assert '="$CCPROXY_TOKEN"' in told.stdout
        assert told.stderr == (
            "CCPROXY_TOKEN is not set: set it to a client token of the gateway.\n"
        )
        known = {"CCPROXY_TOKEN": "correct-horse-battery"}
        assert ccproxy("run", "--set", file, "--print", program, env=known).stderr == ""


def test_json_alone_is_no_order_to_run_nothing(ccproxy: Run) -> None:
    told = ccproxy("run", "--json", "--", "claude")
    assert (told.returncode, told.stdout) == (2, "")
    assert "Invalid value for --json: It goes with --print" in told.stderr


def test_print_for_programs_is_json(ccproxy: Run) -> None:
    told = ccproxy("run", "--print", "--json", "--provider", "codex", "claude")
    assert json.loads(told.stdout) == {
        "command": ["claude"],
        "set": {
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:8000/codex",
            "ANTHROPIC_AUTH_TOKEN": "ccproxy",
        },
        "unset": ["ANTHROPIC_API_KEY"],
    }


@pytest.mark.usefixtures("programs", "port")
@pytest.mark.parametrize("how", [(), ("--print",)])
def test_model_is_for_programs_whose_option_is_known(
    ccproxy: Run, home: Path, how: tuple[str, ...]
) -> None:
    told = ccproxy("run", *how, "--model", "gpt-5.5", "dump")
    assert told.returncode == 1
    assert told.stderr.startswith("Error: --model is for claude and codex.\n")
    kept = [each.name for each in (home / "data" / "ccproxy").iterdir()]
    assert kept == ["ccproxy.duckdb"]


def test_programs_tell_in_which_repository_they_work(ccproxy: Run, home: Path) -> None:
    (home / ".git").mkdir()
    (home / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    stamps = (
        f"x-ccproxy-repository: {home.name}\n"
        "x-ccproxy-branch: main\n"
        f"x-ccproxy-worktree: {home.name}"
    )
    own = {"ANTHROPIC_CUSTOM_HEADERS": "x-own: 1"}
    claude, codex, other = (
        json.loads(ccproxy("run", "--print", "--json", program, env=own).stdout)
        for program in ("claude", "codex", "dump")
    )
    assert claude["set"]["ANTHROPIC_CUSTOM_HEADERS"] == f"x-own: 1\n{stamps}"
    assert other["set"]["ANTHROPIC_CUSTOM_HEADERS"] == f"x-own: 1\n{stamps}"
    assert other["set"]["OPENAI_CUSTOM_HEADERS"] == stamps
    flag = 'model_providers.ccproxy.http_headers.x-ccproxy-branch="main"'
    assert flag in codex["command"]
