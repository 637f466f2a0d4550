"""What Anthropic Messages can't tell, and what its callers have no words for."""

from ccproxy.dialects.feature import Feature, Losses, changed, dropped, refused

F = Feature

REQUEST: Losses = {
    F.LATER_SYSTEM: changed("sent as text of the user, between <system> tags"),
    F.IMAGE_DETAIL: dropped(),
    F.IMAGE_FILE: refused("it is in another vendor's store; send its content"),
    F.DOCUMENT_FILE: refused("it is in another vendor's store; send its content"),
    F.AUDIO: refused("Anthropic Messages takes no audio"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
    F.STRICT: changed("objects are closed, and limits told in words"),
    F.CUSTOM_TOOL: changed("sent as function tools with one text argument"),
    F.NAMESPACE: changed("sent as the first part of the tools' names"),
    F.SEARCH_SIZE: dropped(),
    F.SEARCHED: dropped("the words that follow tell what was found"),
    F.SERVER_TOOL: dropped("only their own vendor's models have them"),
    F.ALLOWED_TOOLS: changed("the other tools are left out"),
    F.OPENING: changed("a short turn of the user's is put before it"),
    F.CLOSING: changed("a short turn of the user's is put behind it"),
    F.ORPHAN: changed("sent as text of the user"),
    F.LONG_NAME: changed("sent in a short form, and back as they were"),
    F.FOREIGN_REASONING: dropped("it is of use to its maker alone"),
    F.REFUSAL: changed("sent as text of the assistant"),
    F.CITATION: dropped("they need Anthropic's own index of the source"),
    F.OTHER_CITATION: dropped("they have no common form"),
    F.EFFORT: changed(
        "left out where it would be refused: with a forced tool, and on older models "
        "within tool calls whose thinking is gone"
    ),
    F.JSON_SCHEMA: changed("objects are closed, and limits told in words"),
    F.JSON_OBJECT: dropped("only a schema can be asked for"),
    F.TEMPERATURE: changed("at most 1, and not while thinking"),
    F.TOP_P: changed("not while thinking"),
    F.TOP_K: changed("not while thinking"),
    F.STOP: changed("those of white space alone are heeded by the gateway"),
    F.MAX_TOKENS: changed("there has to be one"),
    F.SEED: dropped(),
    F.FREQUENCY_PENALTY: dropped(),
    F.PRESENCE_PENALTY: dropped(),
    F.LOGIT_BIAS: dropped(),
    F.LOGPROBS: dropped(),
    F.METADATA: dropped("there is only a user's id"),
    F.SERVICE_TIER: dropped("there are only auto and standard_only"),
    F.VERBOSITY: dropped(),
    F.CACHE_KEY: changed("the conversation's ends are marked with cache_control"),
    F.SAFETY_ID: changed("sent as metadata.user_id"),
    F.CACHE_RETENTION: dropped(),
    F.STORED: refused("send the whole conversation"),
    F.COMPACTED: refused("only its maker can read it"),
    F.FUNCTIONS: refused("they are deprecated; use tools"),
    F.SEVERAL: refused("ask once for each"),
    F.AUDIO_ANSWER: refused("Anthropic Messages answers in text"),
    F.BACKGROUND: refused("ask for a stream"),
    F.UNKNOWN: dropped("Anthropic Messages does not know them"),
}

ANSWER: Losses = {
    F.OTHER_CITATION: dropped("they have no common form"),
    F.CUSTOM_TOOL: changed("told as a tool_use with one text argument"),
    F.REFUSAL: changed("told as text, with the stop reason refusal"),
    F.UNKNOWN_BLOCK: dropped("no other dialect has them"),
}

UNSAID = frozenset(
    {
        F.OPENING,
        F.CLOSING,
        F.IMAGE_DETAIL,
        F.AUDIO,
        F.IMAGE_FILE,
        F.DOCUMENT_FILE,
        F.CUSTOM_TOOL,
        F.NAMESPACE,
        F.SEARCH_SIZE,
        F.ALLOWED_TOOLS,
        F.REFUSAL,
        F.JSON_OBJECT,
        F.SEED,
        F.FREQUENCY_PENALTY,
        F.PRESENCE_PENALTY,
        F.LOGIT_BIAS,
        F.LOGPROBS,
        F.METADATA,
        F.VERBOSITY,
        F.CACHE_KEY,
        F.SAFETY_ID,
        F.CACHE_RETENTION,
        F.STORED,
        F.COMPACTED,
        F.FUNCTIONS,
        F.SEVERAL,
        F.AUDIO_ANSWER,
        F.BACKGROUND,
    }
)

UNANSWERED = frozenset({F.REFUSAL, F.CUSTOM_TOOL, F.NAMESPACE})
