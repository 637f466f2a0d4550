"""The page of errors: what is raised, and how it is told."""

import inspect
from collections.abc import Iterator

import ccproxy.errors
from ccproxy.api.errors import INTERNAL, answer_to
from ccproxy.errors import CCProxyError
from ccproxy.errors.exit_codes import ExitCode, exit_code
from reference.markdown import code, prose, table

_INTRO = """\
# Errors

Each says what happened and, where there is something to do, what. Over HTTP it comes in
the shape of the caller's dialect, elsewhere as `application/problem+json` (RFC 9457);
on the command line it is one line and an [exit code](cli.md#exit-codes), 1 where none
is named below. An upstream's own 4xx or 5xx is an answer, and passes as it is.
"""


def page() -> str:
    """Write the page."""
    tree = inspect.cleandoc(ccproxy.errors.__doc__ or "").partition("::\n\n")[2]
    drawn = inspect.cleandoc(tree.partition("\n\n")[0])
    rows = [_row(kind) for kind in _below(CCProxyError)]
    columns = ("Error", "Meaning", "HTTP status", "Code", "Exit code")
    return "\n".join([_INTRO, f"```text\n{drawn}\n```\n", table(columns, rows), ""])


def _below(kind: type[CCProxyError]) -> Iterator[type[CCProxyError]]:
    for child in kind.__subclasses__():
        if child.__module__ == ccproxy.errors.__name__:
            yield child
            yield from _below(child)


def _row(kind: type[CCProxyError]) -> tuple[str, ...]:
    error = kind.__new__(kind)  # its class alone decides how it is told
    answer, exits = answer_to(error), exit_code(error)
    told = ("", "") if answer is INTERNAL else (str(answer.status), code(answer.code))
    ends = "" if exits is ExitCode.FAILED else str(int(exits))
    meaning = prose((inspect.getdoc(kind) or "").partition("\n\n")[0])
    return code(kind.__name__), meaning, *told, ends
