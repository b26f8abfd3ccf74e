"""`python -m tests.shared.histories`: runs random histories, and prints those about which `aitrail verify` is wrong."""

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.shared.histories.faults.kinds import KINDS
from tests.shared.histories.history import MIXED, History, described, shrunk


def main(arguments=None):
    """Returns 0 if nothing is wrong, else 1."""
    asked = _parser().parse_args(arguments)
    began = time.monotonic()
    histories = [History(asked.seed + number, asked.only) for number in range(asked.histories)]
    found, proved, windows = defaultdict(list), 0, 0
    with ProcessPoolExecutor(asked.processes) as pool:
        for history, kinds, proofs, said in pool.map(partial(_judged), histories, chunksize=10):
            proved, windows = proved + proofs, windows + said
            for kind in kinds:
                found[kind].append(history)
    for kind, wrong in sorted(found.items()):
        faults = Counter(fault for history in wrong for fault in history.faults)
        _tell(f"\n{kind}: {len(wrong)} histories; {dict(faults.most_common(6))}; seeds {[h.seed for h in wrong[:12]]}")
        for history in wrong[: asked.shown]:
            if not kind.startswith("no history"):
                _tell(described(shrunk(history, kind).judge()))
    seconds = time.monotonic() - began
    _tell(f"\n{len(histories):,} histories, {windows:,} windows, {proved:,} of them proved; {seconds:.0f} s")
    _tell("PASSED" if not found else f"FAILED: {', '.join(sorted(found))}")
    return int(bool(found))


def _tell(text):
    sys.stdout.write(f"{text}\n")


def _judged(history):
    try:
        outcome = history.judge()
    except Exception as error:  # noqa: BLE001 - the seed is more useful than the end of all histories
        return history, {f"no history, {error!r}"}, 0, 0
    return history, outcome.kinds, outcome.proved, len(outcome.said)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.shared.histories", description=__doc__)
    parser.add_argument("--histories", type=int, default=2000, metavar="N", help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed (default: 0)")
    parser.add_argument("--only", choices=[MIXED, *KINDS], default=MIXED, help="only faults of this kind")
    parser.add_argument("--shown", type=int, default=1, metavar="N", help="histories shown for each complaint")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="processes (default: 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
