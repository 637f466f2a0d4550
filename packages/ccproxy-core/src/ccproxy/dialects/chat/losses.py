"""What OpenAI Chat can't tell, and what its callers have no words for."""

from ccproxy.dialects.feature import Feature, Losses, changed, dropped, refused

F = Feature

REQUEST: Losses = {
    F.IMAGE_FILE: refused("Chat Completions takes a URL or the content"),
    F.ANTHROPIC_FILE: refused("it is in another vendor's store; send its content"),
    F.DOCUMENT_URL: refused("Chat Completions takes the content of a document alone"),
    F.DOCUMENT_TEXT: changed("sent as text"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
    F.CUSTOM_TOOL: changed("sent as function tools with one text argument"),
    F.LOOSE: changed("asked for without strict, for OpenAI would refuse it"),
    F.NAMESPACE: changed("sent as the first part of the tools' names"),
    F.WEB_SEARCH: dropped("it is asked of models with -search- in their names alone"),
    F.SEARCH_SITES: dropped(),
    F.SEARCH_USES: dropped(),
    F.SEARCHED: dropped("the words that follow tell what was found"),
    F.SERVER_TOOL: dropped("only their own vendor's models have them"),
    F.TOOL_ORDER: changed("sent before the calls"),
    F.TOOL_ERROR: changed("told by words before the result"),
    F.TOOL_IMAGE: changed("sent as the user's, behind the results"),
    F.PREFILL: changed("the model may begin anew behind it"),
    F.ORPHAN: changed("sent as text of the user"),
    F.LONG_NAME: changed("sent in a short form, and back as they were"),
    F.REASONING: changed("sent as reasoning_content"),
    F.FOREIGN_REASONING: dropped("it is of use to its maker alone"),
    F.CITATION: dropped(),
    F.OTHER_CITATION: dropped("they have no common form"),
    F.BUDGET: changed("told as the nearest effort"),
    F.CACHE_MARK: dropped("the provider finds the cached part by itself"),
    F.TOP_K: dropped(),
    F.STOP: changed("of more than four the gateway heeds the rest"),
    F.STORED: refused("send the whole conversation"),
    F.BACKGROUND: refused("ask for a stream"),
    F.BILLING: dropped("it differs in every request and would defeat the cache"),
    F.UNKNOWN: dropped("Chat Completions does not know them"),
    F.COMPACTED: refused("only its maker can read it"),
    F.FUNCTIONS: refused("they are deprecated; use tools"),
    F.SEVERAL: refused("ask once for each"),
    F.AUDIO_ANSWER: refused("ask without"),
}

ANSWER: Losses = {
    F.OTHER_CITATION: dropped("they have no common form"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
    F.NAMESPACE: dropped(),
    F.SEARCHED: dropped("the pages that an answer cites are told"),
    F.PAUSE: changed("told as a plain end"),
    F.STOP_SEQUENCE: dropped(),
    F.REASONING: changed("told as reasoning_content, without its seal"),
}

UNSAID = frozenset(
    {
        F.PREFILL,
        F.LOOSE,
        F.IMAGE_FILE,
        F.ANTHROPIC_FILE,
        F.DOCUMENT_URL,
        F.DOCUMENT_TEXT,
        F.NAMESPACE,
        F.SEARCH_SITES,
        F.SEARCH_USES,
        F.SEARCHED,
        F.TOOL_ORDER,
        F.TOOL_ERROR,
        F.TOOL_IMAGE,
        F.REASONING,
        F.CITATION,
        F.OTHER_CITATION,
        F.BUDGET,
        F.CACHE_MARK,
        F.TOP_K,
        F.STORED,
        F.COMPACTED,
        F.BACKGROUND,
        F.BILLING,
    }
)

UNANSWERED = frozenset(
    {
        F.OTHER_CITATION,
        F.NAMESPACE,
        F.SEARCHED,
        F.UNKNOWN_BLOCK,
        F.STOP_SEQUENCE,
        F.PAUSE,
    }
)
