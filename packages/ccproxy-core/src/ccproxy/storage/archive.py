"""Copies old records into Parquet files, one per day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.security.private import private_dir, private_file
from ccproxy.storage.words import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DAY = timedelta(days=1)
_DAYS = """
SELECT DISTINCT epoch(ended_at)::BIGINT // 86400 AS day
FROM request_records WHERE ended_at < $before ORDER BY day
"""
_ROWS = "SELECT * FROM request_records WHERE ended_at >= $since AND ended_at < $until"


def archive_days(
    connection: "DuckDBPyConnection", before: datetime, folder: Path
) -> None:
    """Copy what ended before a midnight into the files of its days.

    A day that has a file already gets one with the records of both. So nothing is lost
    or doubled when copying is interrupted, or when records come late.

    Args:
        connection: The database's.
        before: The midnight, UTC.
        folder: Where the files are; it is made if it is not there.
    """
    private_dir(folder)
    for (number,) in connection.execute(_DAYS, {"before": before}).fetchall():
        day = datetime.fromtimestamp(number * _DAY.total_seconds(), UTC)
        file = folder / f"requests-{day:%Y-%m-%d}.parquet"
        _copy(connection, day, file)


def _copy(connection: "DuckDBPyConnection", day: datetime, file: Path) -> None:
    rows, values = _ROWS, {"since": day, "until": day + _DAY}
    if file.exists():
        kept = f"SELECT * FROM read_parquet('{quoted(file)}')"  # noqa: S608  (quoted)
        rows += f" UNION BY NAME {kept}"
    with private_file(file) as new:
        connection.execute(
            f"COPY ({rows} ORDER BY id) TO '{quoted(new)}' (FORMAT parquet)", values
        )
