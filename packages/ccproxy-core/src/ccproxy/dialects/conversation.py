"""What is asked of a model, in no dialect's words.

Each dialect reads its requests into a ``Conversation`` and writes them from one, so
that none has to know another.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from ccproxy.dialects.json import Json, JsonObject


class Role(StrEnum):
    """Who speaks in a turn."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    """An instruction within the conversation; OpenAI says ``developer``, too."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a text comes from.

    Attributes:
        url: The page; empty for other sources, which have no common form.
        title: The source's.
        quote: The words that are cited, if they came along.
    """

    url: str
    title: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words.

    Attributes:
        text: The words.
        citations: Where they come from.
        logprobs: How likely each token was, in OpenAI's words; in answers alone.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    logprobs: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the model said in place of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: at a URL, within the request, or in a vendor's file store.

    Attributes:
        url: Where it is.
        media_type: Of the data.
        data: Base64.
        file_id: In the file store of a vendor.
        vendor: Whose store.
        detail: How closely to look, in OpenAI's words.
    """

    url: str = ""
    media_type: str = ""
    data: str = ""
    file_id: str = ""
    vendor: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file for the model to read; its source is told as an image's is.

    Attributes:
        url: Where it is.
        media_type: Of the data.
        data: Base64.
        file_id: In the file store of a vendor.
        vendor: Whose store.
        text: Its words, for a document that is plain text.
        title: Its name.
    """

    url: str = ""
    media_type: str = ""
    data: str = ""
    file_id: str = ""
    vendor: str = ""
    text: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants to be done.

    Attributes:
        id: Binds the result to it.
        name: The tool's.
        arguments: JSON as text, or free text for a custom tool.
        custom: Whether the arguments are free text.
        namespace: Of the tool, if it has one.
    """

    id: str
    name: str
    arguments: str
    custom: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thought.

    Attributes:
        text: In words, as far as they were shown.
        seal: A signature of the words, or the thoughts themselves, encrypted.
        maker: The provider that made it, by name; empty if nobody knows.
        id: The item's at its maker.
        hidden: Whether the seal holds all there is.
    """

    text: str
    seal: str = ""
    maker: str = ""
    id: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block that only its own dialect can tell, such as a server tool's result.

    Attributes:
        kind: Its type.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a tool call.

    Attributes:
        call_id: The call's.
        content: Texts, images and documents.
        failed: Whether the tool reported a failure.
    """

    call_id: str
    content: tuple["Text | Image | Document | Opaque", ...]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the web, made by the vendor itself in the midst of an answer.

    Attributes:
        id: Its maker's.
        asked: A ``query``, or the ``url`` of a page that was opened, or of one that was
            searched for a ``pattern``.
        pages: What was found, as far as it was told.
        maker: The provider that made it, by name; empty if nobody knows.
        failure: Why it came to nothing, in one word.
    """

    id: str
    asked: JsonObject = field(default_factory=dict)
    pages: tuple[Citation, ...] = ()
    maker: str = ""
    failure: str = ""


Block: TypeAlias = (
    Text
    | Refusal
    | Image
    | Document
    | ToolCall
    | ToolResult
    | Reasoning
    | Search
    | Opaque
)


@dataclass(slots=True)
class Turn:
    """What one side says before it is the other's turn."""

    role: Role
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model may call.

    Attributes:
        name: Without the namespace.
        description: For the model.
        schema: JSON Schema of the arguments.
        strict: Whether the arguments must keep the schema; ``None`` if unsaid.
        custom: Whether it takes free text in place of JSON.
        grammar: What the free text has to keep to.
        namespace: A group of tools it belongs to.
    """

    name: str
    description: str = ""
    schema: JsonObject = field(default_factory=dict)
    strict: bool | None = None
    custom: bool = False
    grammar: JsonObject = field(default_factory=dict)
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class WebSearch:
    """That the vendor may search the web for the model.

    Attributes:
        domains: The only ones to search; empty for all.
        blocked: Those not to search.
        location: Where the user is, more or less: ``city``, ``region``, ``country``,
            ``timezone``.
        size: How much to read of what is found, in OpenAI's words.
        most: How many searches to make; 0 if unsaid.
    """

    domains: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    location: JsonObject = field(default_factory=dict)
    size: str = ""
    most: int = 0


class Choice(StrEnum):
    """Whether the model has to call a tool."""

    AUTO = "auto"
    REQUIRED = "required"
    NONE = "none"
    ONE = "one"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools the model may or must call.

    Attributes:
        choice: Whether it must.
        name: The one tool, for ``Choice.ONE``.
        allowed: The only tools it may call; empty for all.
        search: Whether the one tool is the search of the web.
    """

    choice: Choice
    name: str = ""
    allowed: tuple[str, ...] = ()
    search: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to think.

    Attributes:
        level: ``none``, ``minimal``, ``low``, ``medium``, ``high``, ``xhigh`` or
            ``max``; empty if unsaid.
        budget: Tokens, if the caller counts in tokens.
        free: Whether the model may decide for itself.
        shown: Whether the caller wants to see the thoughts.
    """

    level: str = ""
    budget: int = 0
    free: bool = False
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """The shape of the answer's text.

    Attributes:
        schema: JSON Schema; empty for any JSON object.
        name: The schema's.
        strict: Whether it must be kept; ``None`` if unsaid.
        description: For the model.
    """

    schema: JsonObject = field(default_factory=dict)
    name: str = ""
    strict: bool | None = None
    description: str = ""


class Setting(StrEnum):
    """A parameter whose value means the same wherever it can be said."""

    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    SEED = "seed"
    FREQUENCY_PENALTY = "frequency_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    LOGIT_BIAS = "logit_bias"
    MAX_TOKENS = "max_tokens"
    STOP = "stop"
    USER = "user"
    METADATA = "metadata"
    SERVICE_TIER = "service_tier"
    VERBOSITY = "verbosity"
    CACHE_KEY = "prompt_cache_key"
    SAFETY_ID = "safety_identifier"
    CACHE_RETENTION = "prompt_cache_retention"


@dataclass(slots=True)
class Conversation:
    """One request.

    Attributes:
        model: What the upstream is asked for.
        system: The instructions before the first turn.
        turns: All that was said.
        tools: What the model may call.
        search: Whether it may have the web searched, and how.
        choice: Which of them; ``None`` if unsaid.
        parallel: Whether it may call several at once; ``None`` if unsaid.
        effort: How much to think; ``None`` if unsaid.
        format: The answer's; ``None`` for plain text.
        logprobs: How many likely tokens are to be told in each place, beside how likely
            the one was that was said; ``None`` if neither is asked.
        settings: Parameters, of which none is ``None``.
        stream: Whether the answer is to be streamed.
        session: What the caller's own metadata calls the conversation, if it does.
        left_out: What the caller asked and this model can't hold, by its name.
    """

    model: str
    system: list[Text] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    search: WebSearch | None = None
    choice: ToolChoice | None = None
    parallel: bool | None = None
    effort: Effort | None = None
    format: Format | None = None
    logprobs: int | None = None
    settings: dict[Setting, Json] = field(default_factory=dict)
    stream: bool = False
    session: str = ""
    left_out: list[str] = field(default_factory=list)

    def say(self, role: Role, block: Block) -> None:
        """Add a block to the last turn, or begin one if somebody else had spoken."""
        if self.turns and self.turns[-1].role is role:
            self.turns[-1].blocks.append(block)
        else:
            self.turns.append(Turn(role, [block]))
