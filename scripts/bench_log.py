"""Measures the request log: how fast records are kept, and how fast they are counted.

    uv run python scripts/bench_log.py

takes two minutes and a gigabyte of a temporary folder; ``--help`` tells how to take
less.
"""

import argparse
import asyncio
import resource
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ccproxy.models.request_query import GroupBy, RequestFilter, RequestStats
from ccproxy.models.request_record import RequestRecord, new_id
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from ccproxy.storage.repositories.request_repository import RequestRepository
from ccproxy.storage.requests import with_requests

TICK = 0.05
"""Seconds between two handfuls of records."""

TRIES = 3
"""The fastest of them counts: others may use the machine, too."""

_FILL = """
INSERT INTO request_records BY NAME
SELECT printf('%012x%020x', epoch_ms(moment), number) AS id, moment AS ended_at,
    printf('%032x', hash(number)) AS request_id,
    'session-' || (number // 2000) AS session,
    ['claude-code', 'codex', 'openai-python'][1 + (hash(number) % 3)::INT] AS client,
    '1.2.3' AS client_version, 'POST' AS method, '/v1/messages' AS route,
    ['anthropic', 'codex', 'openai'][1 + (hash(number + 1) % 3)::INT] AS provider,
    'a-model' AS model_requested,
    ['a', 'b', 'c', 'd', 'e'][1 + (hash(number + 2) % 5)::INT] || '-model' AS model,
    'a-model-2026-11-01' AS model_served,
    'anthropic-messages' AS dialect_in, 'anthropic-messages' AS dialect_out,
    true AS streaming,
    CASE WHEN number % 100 = 0 THEN 502 ELSE 200 END AS status,
    CASE WHEN number % 100 = 0 THEN 'upstream_died' END AS failure,
    random() * 30 AS duration, random() AS ttfb,
    (random() * 100000)::BIGINT AS bytes_in, (random() * 10000)::BIGINT AS bytes_out,
    (random() * 100)::BIGINT AS chunks, '[]' AS notes, '[]' AS fallbacks,
    ['laptop', 'ci', NULL][1 + (hash(number + 3) % 3)::INT] AS key,
    'a-repository' AS repository, 'branch-' || (number // 50000) AS branch,
    '/home/me/a-repository' AS worktree,
    random() / 100 AS overhead, random() AS upstream_ttfb,
    (hash(number + 4) % 5)::BIGINT AS tool_calls,
    (random() * 1000)::BIGINT AS input_tokens,
    (random() * 100000)::BIGINT AS cache_read_tokens,
    (random() * 1000)::BIGINT AS cache_write_tokens, 0 AS cache_write_1h_tokens,
    (random() * 2000)::BIGINT AS output_tokens,
    (random() * 500)::BIGINT AS reasoning_tokens,
    random() AS cost, 'genai-prices 0.1.0' AS cost_basis
FROM (
    SELECT number,
        $begin + to_microseconds((number * 86400e6 / $rows)::BIGINT) AS moment
    FROM range($rows) AS numbers(number)
)
"""


async def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description="Measure the request log.")
    parser.add_argument("--rows", type=int, default=10_000_000, help="records of a day")
    parser.add_argument("--rate", type=int, default=5000, help="records per second")
    parser.add_argument("--seconds", type=int, default=10, help="of them")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="ccproxy-bench-") as folder:
        file = Path(folder) / "ccproxy.duckdb"
        database = Database(f"duckdb:///{file}")
        try:
            await database.upgrade()
            await _keep(database, options.rate, options.seconds)
            await _count(database, file, options.rows)
        finally:
            await database.close()


async def _keep(database: Database, rate: int, seconds: int) -> None:
    """Put records at a rate, and tell what it took."""
    storage = SimpleDuckDBStorage(database, RecordOptions())
    loop = asyncio.get_running_loop()
    begun, cpu, emitted, gap = loop.time(), time.process_time(), 0, 0.0
    while emitted < rate * seconds:
        due = int((loop.time() - begun) * rate)
        while emitted < min(due, rate * seconds):
            now = datetime.now(UTC)
            storage.put(_record(now))
            emitted += 1
        before = loop.time()
        await asyncio.sleep(TICK)
        gap = max(gap, loop.time() - before - TICK)
    await storage.stop(30)
    used = (time.process_time() - cpu) / emitted
    print(
        f"{emitted} records at {rate}/s: written {storage.written}, dropped "
        f"{storage.dropped}, {used * 1e6:.0f} us of processor time each, the loop at "
        f"most {gap * 1000:.0f} ms late, at most {_memory():.0f} MB in use"
    )


async def _count(database: Database, file: Path, rows: int) -> None:
    """Fill a day with records, and time how they are counted."""
    begin = datetime.now(UTC) - timedelta(days=1)
    with duckdb.connect(file) as connection:
        connection.execute("DELETE FROM request_records")
        connection.execute(_FILL, {"begin": begin, "rows": rows})
    print(f"{rows} records of a day, {await asyncio.to_thread(_megabytes, file)} MB")
    wanted = RequestFilter(since=begin)
    for by in GroupBy:
        took = []
        for _ in range(TRIES):
            began, cpu = time.perf_counter(), time.process_time()
            told = await with_requests(database, partial(_stats, by, wanted))
            took.append((time.perf_counter() - began, time.process_time() - cpu))
        seconds, used = min(took)
        print(
            f"stats by {by}: {seconds:.2f} s, {used:.2f} s of processor time, "
            f"{len(told.groups)} groups"
        )


def _stats(
    by: GroupBy, wanted: RequestFilter, requests: RequestRepository
) -> RequestStats:
    return requests.stats(by, wanted)


def _megabytes(file: Path) -> int:
    return file.stat().st_size // 1_000_000


def _record(now: datetime) -> RequestRecord:
    return RequestRecord(
        id=new_id(now),
        ended_at=now,
        request_id="r",
        method="POST",
        route="/v1/messages",
        provider="acme",
        model="a-model",
        status=200,
        duration=1.5,
    )


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    asyncio.run(main())
