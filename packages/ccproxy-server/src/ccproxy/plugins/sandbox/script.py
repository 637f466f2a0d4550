"""What the sandbox says, in no dialect yet.

Tokens are words: the input counts the words of all texts of the conversation, the
output those of what is said, thought and passed to tools.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from ccproxy.plugins.sandbox.sample import sample
from ccproxy.sdk import JsonObject

MODELS = {
    "sandbox-echo": "repeats the last text of the user",
    "sandbox-tools": "calls the first tool; two tools if the text asks for both",
    "sandbox-reasoning": "thinks, then repeats the last text of the user",
    "sandbox-slow": "repeats, with 100 ms between chunks; -<ms> sets the delay",
    "sandbox-image": "tells how many images came, and of what media type",
    "sandbox-die": "breaks off in the middle of its answer",
    "sandbox-error-429": "answers with an error; any status from 400 to 599",
}
"""Every model that is listed, with what it does."""

SLOW = re.compile(r"sandbox-slow(?:-(\d{1,5}))?")
ERROR = re.compile(r"sandbox-error-([45]\d\d)")


@dataclass(frozen=True, slots=True)
class Text:
    """Something said."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Something thought."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the client is to run."""

    name: str
    arguments: str


Part: TypeAlias = Text | Reasoning | ToolCall


@dataclass(slots=True)
class Ask:
    """What a request says, gathered in the order of the conversation.

    Attributes:
        said: The last text of the user.
        results: What tools returned since the model spoke last.
        images: The media types of all images.
        tools: The functions offered: their names and parameter schemas.
        words: The words of all texts.
    """

    said: str = ""
    results: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    tools: list[tuple[str, JsonObject]] = field(default_factory=list)
    words: int = 0

    def system(self, text: str) -> None:
        """Read an instruction."""
        self.words += len(text.split())

    def user(self, text: str) -> None:
        """Read what the user said."""
        self.words += len(text.split())
        self.said = text

    def model(self, text: str) -> None:
        """Read what the model said or called before."""
        self.words += len(text.split())
        self.results.clear()

    def result(self, text: str) -> None:
        """Read what a tool returned."""
        self.words += len(text.split())
        self.results.append(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is to be rendered.

    Attributes:
        seed: A few hexadecimal digits of the request's hash; ids are made of it.
        model: The model's name as asked.
        parts: What is said, in order.
        input_tokens: The words of the request, at least one.
        asked: The request, for what a dialect repeats of it.
    """

    seed: str
    model: str
    parts: Sequence[Part]
    input_tokens: int
    asked: JsonObject

    @property
    def output_tokens(self) -> int:
        """The words of all parts, reasoning included; at least one."""
        return max(1, sum(_words(part) for part in self.parts))

    @property
    def reasoning_tokens(self) -> int:
        """The words of what is thought."""
        return sum(_words(part) for part in self.parts if isinstance(part, Reasoning))

    @property
    def calls(self) -> bool:
        """Whether a tool is called."""
        return any(isinstance(part, ToolCall) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a model answers, by its name.

    Attributes:
        status: The HTTP status; only 200 comes with an answer.
        delay: Seconds between two chunks.
        dies: Whether the answer breaks off halfway.
    """

    status: int = 200
    delay: float = 0.0
    dies: bool = False


def behaviour(model: str) -> Behaviour:
    """Read a model's name; one that is not the sandbox's own behaves like the echo.

    So a client with a fixed model name can be tried against the sandbox, while a
    mistyped ``sandbox-…`` is a 404.
    """
    if slow := SLOW.fullmatch(model):
        return Behaviour(delay=int(slow[1] or 100) / 1000)
    if error := ERROR.fullmatch(model):
        return Behaviour(status=int(error[1]))
    if model.startswith("sandbox-") and model not in MODELS:
        return Behaviour(status=404)
    return Behaviour(dies=model == "sandbox-die")


def play(model: str, ask: Ask) -> Sequence[Part]:
    """Decide what a model says."""
    match model:
        case "sandbox-tools":
            return _tools(ask)
        case "sandbox-reasoning":
            return [Reasoning(f"The user said: {ask.said}"), Text(ask.said)]
        case "sandbox-image":
            count = len(ask.images)
            listed = f": {', '.join(ask.images)}" if count else ""
            return [Text(f"{count} image{'' if count == 1 else 's'}{listed}")]
        case "sandbox-die":
            return [Text(f"{ask.said} (this answer is going to break off)")]
        case _:
            return [Text(ask.said)]


def _tools(ask: Ask) -> Sequence[Part]:
    if ask.results:
        return [Text(f"The tool returned: {'; '.join(ask.results)}")]
    if not ask.tools:
        return [Text("No tool was offered.")]
    both = re.search(r"\bboth\b", ask.said, re.IGNORECASE)
    return [
        ToolCall(name, orjson.dumps(sample(schema)).decode())
        for name, schema in ask.tools[: 2 if both else 1]
    ]


def _words(part: Part) -> int:
    match part:
        case ToolCall(name, arguments):
            return len(name.split()) + len(arguments.split())
        case _:
            return len(part.text.split())
