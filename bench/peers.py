"""Other ways to count the calls to services in a folder of log files: `python -m bench.peers WAY FOLDER` prints them.

None of them does all that `aitrail usage` does: they count records, not calls (see docs/performance.md).
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_FILES: Final = "**/*.json.gz"


def loop(folder: str, sources: frozenset[str]) -> dict[str, int]:
    """json.loads of each file, and a loop over its records."""
    found = Counter[str]()
    for path in sorted(Path(folder).glob(_FILES)):
        with gzip.open(path) as file:
            for record in json.loads(file.read())["Records"]:
                if record["eventSource"] in sources:
                    found[record["eventSource"]] += 1
    return dict(found)


def duckdb(folder: str, sources: frozenset[str]) -> dict[str, int]:
    """DuckDB, which decodes only the column that is asked for, in one thread."""
    import duckdb as engine  # noqa: PLC0415 (only if it is measured)

    query = f"""
        SELECT record.eventSource, count(*) FROM (
            SELECT unnest(Records) AS record FROM read_json('{folder}/{_FILES}', format = 'newline_delimited',
                columns = {{Records: 'STRUCT(eventSource VARCHAR)[]'}}, maximum_object_size = 67108864)
        ) WHERE list_contains(?, record.eventSource) GROUP BY 1
    """  # noqa: S608 (our own folder)
    connection: Any = engine.connect(config={"threads": 1})
    return dict(connection.execute(query, [sorted(sources)]).fetchall())


def chdb(folder: str, sources: frozenset[str]) -> dict[str, int]:
    """ClickHouse within the process (chdb), in one thread."""
    import chdb as engine  # type: ignore[import-not-found] # noqa: PLC0415 (only if it is measured, and installed)

    names = ", ".join(f"'{source}'" for source in sorted(sources))
    query = f"""
        SELECT record.eventSource AS source, count() AS n FROM (
            SELECT arrayJoin(Records) AS record
            FROM file('{folder}/{_FILES}', 'JSONEachRow', 'Records Array(Tuple(eventSource Nullable(String)))', 'gzip')
        ) WHERE source IN ({names}) GROUP BY source
        SETTINGS max_threads = 1, input_format_skip_unknown_fields = 1
    """  # noqa: S608 (our own folder)
    rows = str(engine.query(query, "JSONEachRow")).splitlines()
    return {row["source"]: int(row["n"]) for row in map(json.loads, rows)}


WAYS: Final[dict[str, Callable[[str, frozenset[str]], dict[str, int]]]] = {"loop": loop, "duckdb": duckdb, "chdb": chdb}


def main(way: str, folder: str, *sources: str) -> None:
    """Prints the number of records of each of the sources."""
    sys.stdout.write(json.dumps(WAYS[way](folder, frozenset(sources))))


if __name__ == "__main__":
    main(*sys.argv[1:])
