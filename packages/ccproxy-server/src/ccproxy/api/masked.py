"""The one way out of what FastAPI answers, so that nothing secret can pass it by."""

import orjson
from fastapi.responses import JSONResponse

from ccproxy.security.sanitizer import mask_json


class MaskedJSON(JSONResponse):
    """JSON without secrets; e-mail addresses stay, as accounts are told to their owner.

    The schema is written by FastAPI itself: it has names, and no values.
    """

    def render(self, content: object) -> bytes:
        """Write an answer out."""
        return orjson.dumps(mask_json(content, own=True))
