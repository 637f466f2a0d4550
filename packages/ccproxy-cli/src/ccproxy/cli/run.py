"""``ccproxy run``: starts a program so that it talks to the gateway."""

import asyncio
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from ccproxy.cli.answering import ONLY_ECHOES, SANDBOX, check_provider, fallback
from ccproxy.cli.child import Signals
from ccproxy.cli.client import TOKEN_VARIABLE, Target, connected
from ccproxy.cli.console import note, show, show_json
from ccproxy.cli.lazy import new_app
from ccproxy.cli.lifetime import own_gateway
from ccproxy.cli.opened import open_settings
from ccproxy.cli.options import ConfigOption, SetOption
from ccproxy.cli.programs import (
    ANTHROPIC_HEADERS,
    OPENAI_HEADERS,
    Pointing,
    Wish,
    find,
)
from ccproxy.cli.sections import passes_logins_on
from ccproxy.cli.workspace import stamps
from ccproxy.config import Settings
from ccproxy.errors import CCProxyError, NotInstalledError, UpstreamConnectError

app = new_app()


@dataclass(frozen=True, slots=True)
class Line:
    """A command line to run, and how to point it.

    Attributes:
        program: Its name or path.
        arguments: The person's own.
        provider: From ``--provider``, or the one this program asks anyway.
        model: From ``--model``.
        passthrough: Whether the settings let callers bring their own login.
    """

    program: str
    arguments: Sequence[str]
    provider: str | None
    model: str | None
    passthrough: bool

    def point(self, target: Target) -> Pointing:
        """Point it at a gateway."""
        wish = Wish(
            target,
            self.provider,
            self.model,
            stamps(Path.cwd()),
            own_login=self.passthrough and not target.token,
        )
        pointing = find(self.program).point(wish)
        direct = _past_the_proxy(target.url, os.environ)
        kept = _beside_their_own(pointing.environment, os.environ)
        return replace(pointing, environment={**kept, **direct})


@app.command(context_settings={"allow_interspersed_args": False})
def run(
    program: Annotated[
        str, typer.Argument(help="claude, codex, or any program that uses an SDK.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[--] [ARGS]...", help="The program's own arguments."),
    ] = None,
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    provider: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Ask this provider, whatever the model."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask for this model.")
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show what would be run, and run nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --print: show it as JSON.")
    ] = False,
) -> None:
    """Run a program that talks to the gateway; options stand before its name.

    If no gateway runs, one is started and stopped with the program. The program's own
    configuration files are left alone, and its exit code is passed on.
    """
    if as_json and not print_only:
        msg = "It goes with --print; the program's own options stand after its name."
        raise typer.BadParameter(msg, param_hint="--json")
    opened = open_settings(config, sets or ())
    settings = opened.settings
    known = find(program)
    if model and not known.takes_model:
        msg = "--model is for claude and codex."
        raise CCProxyError(msg, hint="Give this program's own option after its name.")
    passthrough = passes_logins_on(opened.layers)
    provider = provider or known.provider
    line = Line(program, _own(arguments or []), provider, model, passthrough)
    if print_only:
        _print(line, Target.of(settings), as_json=as_json)
        return
    if shutil.which(program) is None:
        msg = f"There is no program {program!r} on the PATH."
        raise NotInstalledError(msg, hint=known.install)
    options = [f"--set={each}" for each in sets or ()]
    if config is not None:
        options.append(f"--config={config}")
    raise typer.Exit(asyncio.run(_run(line, settings, options)))


async def _run(line: Line, settings: Settings, options: Sequence[str]) -> int:
    """Run the program at a gateway: the one that answers, or one of its own."""
    target = Target.of(settings)
    with Signals() as signals:
        try:
            if await _answers(target, settings):
                await _check(target, settings, line)
                return await _at(target, line, signals)
            async with own_gateway(settings, options, target.token) as own:
                await _check(own.target, settings, line)
                code = await _at(own.target, line, signals)
                if code:
                    own.keep_log(f"{line.program} ended with {code}.")
                return code
        except asyncio.CancelledError:
            if signals.last is None:
                raise
            return 128 + signals.last


async def _answers(target: Target, settings: Settings) -> bool:
    try:
        async with connected(target, settings) as gateway:
            await gateway.summary()
    except UpstreamConnectError:
        return False
    return True


async def _check(target: Target, settings: Settings, line: Line) -> None:
    """See to it that somebody can answer, before the program is started."""
    async with connected(target, settings) as gateway:
        summary = await gateway.providers()
    if line.provider is not None:
        check_provider(summary, line.provider)
    elif fallback(summary) == (SANDBOX,) and summary.default is None:
        note(ONLY_ECHOES)


async def _at(target: Target, line: Line, signals: Signals) -> int:
    pointing = line.point(target)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in pointing.without
    }
    return await signals.run(
        (line.program, *pointing.arguments, *line.arguments),
        inherited | dict(pointing.environment),
    )


def _past_the_proxy(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps a program's proxy, if it has one, out of the way to us."""
    proxies = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    if not any(environ.get(name) for name in proxies):
        return {}
    direct = environ.get("no_proxy") or environ.get("NO_PROXY")
    hosts = ",".join(filter(None, (direct, urlsplit(url).hostname)))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _beside_their_own(
    wanted: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Put our headers below those that somebody has set for the program."""
    kept = dict(wanted)
    for name in (ANTHROPIC_HEADERS, OPENAI_HEADERS):
        if name in wanted and environ.get(name):
            kept[name] = f"{environ[name]}\n{wanted[name]}"
    return kept


def _own(arguments: list[str]) -> list[str]:
    """Leave out the ``--`` that may stand before a program's arguments."""
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def _print(line: Line, target: Target, *, as_json: bool) -> None:
    """Show what would be run; a client token is shown as the variable to keep it in."""
    variable = f"${TOKEN_VARIABLE}"
    if target.token:
        target = Target(target.url, variable)
    pointing = line.point(target)
    command = [line.program, *pointing.arguments, *line.arguments]
    if as_json:
        environment = dict(pointing.environment)
        without = list(pointing.without)
        told = {"command": command, "set": environment, "unset": without}
        show_json(told, whole=True)
        return
    words = [word for name in pointing.without for word in ("-u", name)]
    words += [
        f'{name}="{variable}"' if value == variable else f"{name}={shlex.quote(value)}"
        for name, value in pointing.environment.items()
    ]
    show(" ".join(["env", *words, shlex.join(command)]), whole=True)
    if target.token and not os.environ.get(TOKEN_VARIABLE):
        note(f"{TOKEN_VARIABLE} is not set: set it to a client token of the gateway.")
