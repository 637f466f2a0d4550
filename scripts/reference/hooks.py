"""The page of the events that hooks receive."""

from dataclasses import fields

from ccproxy.hooks.events import EVENTS, Event, Failure
from reference.markdown import attributes, code, summary, table

_INTRO = """\
# Hooks

A plugin subscribes with `add.hook(EVENT, FUNCTION)`, both from `ccproxy.sdk`. A plain
function runs inline and must be quick; a coroutine function is queued. Hooks observe:
one that is slow, hangs or raises changes no request. Times are aware UTC, durations are
seconds.
"""


def page() -> str:
    """Write the page."""
    sections = [_INTRO, *map(_event, EVENTS)]
    kinds = ", ".join(code(kind.value) for kind in Failure)
    sections.append(f"## Failure\n\n{summary(Failure)}\n\n{kinds}\n")
    return "\n".join(sections)


def _event(event: type[Event]) -> str:
    documented = attributes(event)
    rows = [
        (code(field.name), code(_type(field.type)), documented[field.name])
        for field in fields(event)
    ]
    told = table(("Attribute", "Type", "Meaning"), rows)
    heading = f"## {event.__name__}\n\n`{event.name}`. {summary(event)}\n\n"
    return heading + told + "\n"


def _type(annotation: object) -> str:
    return annotation.__name__ if type(annotation) is type else str(annotation)
