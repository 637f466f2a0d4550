"""Names and ids that another dialect takes, and the way back.

OpenAI takes tool names and call ids of 64 characters, Anthropic tool names of 128; both
take letters, digits, ``_`` and ``-`` alone. What does not fit gets a short form made of
its hash: the same name always gets the same one, in every turn, so the prompt stays the
same.

Sources: https://platform.openai.com/docs/api-reference/chat/create (tools),
https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use
"""

import hashlib
import re
from dataclasses import dataclass, field

_WORD = re.compile(r"[A-Za-z0-9_-]+")
_SHORTEST_HASH = 12


@dataclass(frozen=True, slots=True)
class ToolName:
    """What the caller calls a tool.

    Attributes:
        name: Without its namespace.
        namespace: Or nothing.
        wrapped: Whether its free text had to be put into JSON.
    """

    name: str
    namespace: str = ""
    wrapped: bool = False


@dataclass(slots=True)
class Names:
    """The short forms of one request.

    Attributes:
        longest: Characters of a tool's name.
        longest_id: Characters of a call's id.
        tools: What the caller calls the tools whose names had to change.
        ids: The caller's ids, by their short forms.
    """

    longest: int
    longest_id: int
    tools: dict[str, ToolName] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything has to be named back in the answer."""
        return bool(self.tools or self.ids)

    def tool(self, name: str, namespace: str = "", *, wrapped: bool = False) -> str:
        """Name a tool as the upstream takes it."""
        full = f"{namespace}__{name}" if namespace else name
        short = _fitting(full, self.longest)
        if short != name or wrapped:
            self.tools[short] = ToolName(name, namespace, wrapped)
        return short

    def call(self, call_id: str) -> str:
        """Name a call as the upstream takes it."""
        short = _fitting(call_id, self.longest_id)
        if short != call_id:
            self.ids[short] = call_id
        return short


def _fitting(name: str, longest: int) -> str:
    if len(name) <= longest and _WORD.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    head = "".join(_WORD.findall(name))[: max(0, longest - _SHORTEST_HASH - 1) // 2]
    return f"{head}_{digest[: min(32, longest - len(head) - 1)]}"
