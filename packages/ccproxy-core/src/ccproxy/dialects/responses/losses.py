"""What OpenAI Responses can't tell, and what its callers have no words for."""

from ccproxy.dialects.feature import Feature, Losses, changed, dropped, refused

F = Feature

REQUEST: Losses = {
    F.ANTHROPIC_FILE: refused("it is in another vendor's store; send its content"),
    F.DOCUMENT_TEXT: changed("sent as text"),
    F.AUDIO: refused("Responses takes no audio"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
    F.LOOSE: changed("asked for without strict, for OpenAI would refuse it"),
    F.NAMESPACE: changed("sent as the first part of the tools' names"),
    F.SEARCH_SITES: changed("those not to search are left out"),
    F.SEARCH_USES: dropped(),
    F.SEARCHED: dropped("they are of use to their maker alone"),
    F.SERVER_TOOL: dropped("only their own vendor's models have them"),
    F.TOOL_ERROR: changed("told by words before the result"),
    F.PREFILL: changed("the model may begin anew behind it"),
    F.ORPHAN: changed("sent as text of the user"),
    F.LONG_NAME: changed("sent in a short form, and back as they were"),
    F.FOREIGN_REASONING: dropped("it is of use to its maker alone"),
    F.CITATION: dropped("they are not sent back"),
    F.OTHER_CITATION: dropped("they have no common form"),
    F.BUDGET: changed("told as the nearest effort"),
    F.CACHE_MARK: dropped("the provider finds the cached part by itself"),
    F.MAX_TOKENS: changed("at least 16"),
    F.TOP_K: dropped(),
    F.SEED: dropped(),
    F.FREQUENCY_PENALTY: dropped(),
    F.PRESENCE_PENALTY: dropped(),
    F.LOGIT_BIAS: dropped(),
    F.STOP: changed("the gateway ends the answer there"),
    F.BILLING: dropped("it differs in every request and would defeat the cache"),
    F.UNKNOWN: dropped("Responses does not know them"),
    F.COMPACTED: refused("only its maker can read it"),
    F.FUNCTIONS: refused("they are deprecated; use tools"),
    F.SEVERAL: refused("ask once for each"),
    F.AUDIO_ANSWER: refused("Responses answers in text"),
    F.STORED: refused("send the whole conversation"),
    F.BACKGROUND: refused("ask for a stream"),
}

ANSWER: Losses = {
    F.OTHER_CITATION: dropped("they have no common form"),
    F.SEARCHED: changed("of the pages that were found the addresses alone are told"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
    F.PAUSE: changed("told as a plain end"),
    F.STOP_SEQUENCE: dropped(),
}

UNSAID = frozenset(
    {
        F.PREFILL,
        F.LOOSE,
        F.ANTHROPIC_FILE,
        F.DOCUMENT_TEXT,
        F.AUDIO,
        F.SEARCH_USES,
        F.TOOL_ERROR,
        F.BUDGET,
        F.CACHE_MARK,
        F.TOP_K,
        F.SEED,
        F.FREQUENCY_PENALTY,
        F.PRESENCE_PENALTY,
        F.LOGIT_BIAS,
        F.STOP,
        F.BILLING,
        F.FUNCTIONS,
        F.SEVERAL,
        F.AUDIO_ANSWER,
    }
)

UNANSWERED = frozenset({F.STOP_SEQUENCE, F.PAUSE})
