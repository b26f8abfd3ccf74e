"""Measures the memory and time that a separate process needs to read one very large log file.

`python -m bench.large_file FILE` reads it as the function does and prints the cost; without FILE, that of the imports.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from aitrail.rows import Reading
from aitrail.services import load
from bench.measuring import Figure, Scale, child, peak_bytes

_TENTH = 10


def figures(scale: Scale) -> Iterator[Figure]:
    """Memory above that of the interpreter with its imports, and time compared with ten times that of a tenth."""
    from bench.corpora import Corpus, write_large  # noqa: PLC0415 (not needed by the child)

    with TemporaryDirectory() as folder:
        noise, tenth, rare = (Path(folder) / name for name in ("noise", "tenth", "rare"))
        write_large(noise, Corpus(), size=scale.large_bytes)
        write_large(tenth, Corpus(), size=scale.large_bytes // _TENTH)
        write_large(rare, Corpus(wanted=0.01), size=scale.large_bytes)
        runs = [{path: _read(path) for path in (noise, tenth)} for _ in range(scale.runs)]
        imports, rarely = _read(), _read(rare)
    size = f"{scale.large_bytes / 1e6:,.0f} MB"
    peak = max(run[noise]["peak"] for run in runs) - imports["peak"]
    seconds = {path: median(run[path]["seconds"] for run in runs) for path in (noise, tenth)}
    ratio = seconds[noise] / (_TENTH * seconds[tenth])
    yield Figure(name=f"{size} of noise: memory above imports", value=peak / 1e6, unit="MB", most=64)
    peak = rarely["peak"] - imports["peak"]
    yield Figure(name=f"{size}, 1 % wanted: memory above imports", value=peak / 1e6, unit="MB", most=64)
    yield Figure(name=f"{size} of noise / ten times a tenth of it", value=ratio, most=1.1)
    yield Figure(name=f"{size} of noise: CPU", value=seconds[noise], unit="s")


def _read(*paths: Path) -> dict[str, float]:
    found: dict[str, float] = child("-m", "bench.large_file", *map(str, paths), environment=os.environ).said
    return found


def read(path: Path) -> int:
    """Reads one log file as the function does; returns its number of records."""
    with path.open("rb", buffering=0) as stream:
        reading = Reading(stream, log_file=str(path), registry=load())
        for batch in reading.batches():
            batch.rows.clear()
    return reading.content.records


def main(arguments: list[str]) -> None:
    """Prints the cost of reading the files: CPU seconds, peak bytes, records."""
    begin = time.process_time()
    records = sum(read(Path(path)) for path in arguments)
    said = {"seconds": time.process_time() - begin, "records": records, "peak": peak_bytes()}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1:])
