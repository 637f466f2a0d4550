"""Measures what masking costs: ``python scripts/bench_masking.py``."""

import base64
import io
import itertools
import time
from collections.abc import Callable

import structlog

from ccproxy.logging.pipeline import configure
from ccproxy.security.sanitizer import mask_text

_FACTS = {
    "method": "POST",
    "route": "/v1/chat/completions",
    "status": 200,
    "ms": 12.3,
    "provider": "openai",
    "model": "gpt-5.5",
    "bytes": 1234,
}
_REASON = "api.openai.com broke off in the middle of its answer. Check the API key."
_LINE = '{"event":"request","url":"http://host/v1/responses","input_tokens":17}\n'
_IMAGE = base64.b64encode(bytes(range(256)) * 2400).decode()


class _Nowhere(io.StringIO):
    """Takes lines and keeps none."""

    def write(self, text: str) -> int:
        return len(text)


def main() -> None:
    """Measure, and print what came out."""
    configure("info", "json", _Nowhere())
    log, ids = structlog.get_logger(), itertools.count()

    def write(event: str, **facts: object) -> None:
        log.info(event, request_id=f"{next(ids):032x}", **facts)

    failed = {**_FACTS, "failure": "upstream_died", "reason": _REASON}
    near = (_LINE * (2_600_000 // len(_LINE)) + _IMAGE) * 3
    far = "the model answered in ten words\n" * (len(near) // 32)
    for name, work, times in (
        ("a line of the access log", lambda: write("request", **_FACTS), 20_000),
        ("that of a failed request", lambda: write("request", **failed), 20_000),
        ("10 MB of log lines and images", lambda: mask_text(near), 1),
        ("10 MB without a word of secrets", lambda: mask_text(far), 1),
    ):
        print(f"{name:32} {_seconds(work, times) / times * 1e6:12.1f} us")


def _seconds(work: Callable[[], object], times: int) -> float:
    """Return the least processor time of three tries."""
    tries = []
    for _ in range(3):
        began = time.process_time()
        for _ in range(times):
            work()
        tries.append(time.process_time() - began)
    return min(tries)


if __name__ == "__main__":
    main()
