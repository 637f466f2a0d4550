"""The page of dialects: what is kept, changed, dropped and refused between each two."""

from collections.abc import Callable, Iterator, Sequence

from ccproxy.dialects import Dialect
from ccproxy.dialects.feature import Feature, Loss, Outcome
from ccproxy.dialects.table import ANSWERED, ASKED, answered, asked
from reference.markdown import table

_INTRO = """\
# Between dialects

A client speaks one dialect, a provider maybe another. Then the gateway translates, and
this is what becomes of each thing that can be said.
[How it translates](../explanation/dialects.md) tells more. Where both speak the same
dialect nothing is translated, and all of it passes as it came.

- **kept**: it means the same on the other side.
- **changed**: it is said in another way, or as nearly as can be.
- **dropped**: it is left out. The header `x-ccproxy-notes` says so, and so does the
  event that ends the request.
- **refused**: the answer is 400 `untranslatable`, for without it the model would be
  asked something else.
- An empty cell: the one who speaks has no words for it.

What is changed or dropped only now and then, such as a `temperature` above 1, is noted
when it happens.
"""
_WORDS = {
    Dialect.MESSAGES: "Messages",
    Dialect.CHAT: "Chat",
    Dialect.RESPONSES: "Responses",
}
Fate = Callable[[Feature, Dialect, Dialect], Loss | None]


def page() -> str:
    """Write the page."""
    return "\n".join(
        [
            _INTRO,
            "## Requests: what the client asks → what the provider is asked\n",
            *_part(ASKED, asked),
            "## Answers: what the provider says → what the client is told\n",
            *_part(ANSWERED, answered),
        ]
    )


def _part(features: Sequence[Feature], fate: Fate) -> Iterator[str]:
    pairs = [(a, b) for a in Dialect for b in Dialect if a is not b]
    heads = [f"{_WORDS[a]} → {_WORDS[b]}" for a, b in pairs]
    hows: dict[str, int] = {}
    rows = [
        (str(feature), *(_cell(fate(feature, a, b), hows) for a, b in pairs))
        for feature in features
    ]
    yield table(("", *heads), [row for row in rows if any(row[1:])])
    yield ""
    yield from (f"{number}. {how[0].upper()}{how[1:]}." for how, number in hows.items())
    yield ""


def _cell(loss: Loss | None, hows: dict[str, int]) -> str:
    if loss is None:
        return ""
    if loss.outcome is Outcome.KEPT:
        return "kept"
    return f"{loss.outcome} ({hows.setdefault(loss.how, len(hows) + 1)})"
