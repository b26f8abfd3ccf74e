"""Whether a finding of `aitrail verify` is true, or at least what anybody would have to conclude."""

from tests.shared.histories.truth import ARRIVED, CHANGED, CLOSED, MISSING, NAME, names
from tests.shared.histories.world import DAY, HOUR

# Findings that say that somebody else wrote or changed something.
_ACCUSING = frozenset(
    {"tampered", "replaced", "unlisted", "invalid", "broken", "row-too-many", "row-differs", "changed"}
)
# Findings about something that did not come, which an entry that expired can no longer refute.
_OF_ABSENCE = frozenset(
    {"awaited", "missing", "removed", "not-ingested", "gap", "unproven", "nothing-delivered", "no-digests"}
)


def is_justified(truth, said, name, of):
    """Whether a finding about an object, a folder, a chain or a window is justified.

    A finding with another name than these may only be about something that is not entirely as it should be.
    """
    key = of.removeprefix(NAME)
    if _is_beyond(truth, said) and name in (*_OF_ABSENCE, "beyond-ledger", "row-unknown"):
        return True
    if name in _OF_TIMES:
        return _OF_TIMES[name](truth, said, of)
    if key in truth.files:
        return _is_true_of_file(truth, name, truth.files[key])
    if key in truth.digests:
        return _is_true_of_digest(truth, name, truth.digests[key])
    is_of_somebody = key in truth.others or any(key in str(row) for _, row, _ in truth.bad_rows)
    is_of_somebody |= any(key in str(row) or "S" not in row.get("logFile", {}) for row in truth.moved_rows)
    return is_of_somebody or name not in _ACCUSING


def _is_beyond(truth, said):
    """Whether entries of the window may have expired."""
    retention = truth.world.ledger_retention
    return retention is not None and said.since - DAY < truth.run.now - retention


def _is_gap(truth, said, of):
    name = of.rpartition("/")[2]
    if any("CloudTrail-Digest" in key and name in key for key in truth.others):
        return True  # somebody put a digest with the name of this chain
    chains = [chain for chain in truth.world.chains if chain.name == of]
    is_stopped = any(truth.is_stopped(chain, said) for chain in chains)
    return not chains or is_stopped or any(truth.uncovered(chain, said, only_by_clean=True) for chain in chains)


def _is_nothing_delivered(truth, said, _of):
    made = [made for made in truth.world.digests if made.start < said.until and said.since < made.end]
    return not any(truth.was_read(each.key, each.content) for each in made)


def _is_not_closed(truth, said, _of):
    # A chain delays the end until it is overdue, an hour after its digests usually have arrived.
    is_recent = truth.run.now < said.until + CLOSED + ARRIVED + HOUR
    return is_recent or any(truth.uncovered(chain, said, only_by_clean=True) for chain in truth.world.chains)


def _has_no_digests(truth, said, folder):
    """Whether no digest was read in the window for the account and Region of a folder, or not that of a log file."""
    below = folder.removeprefix(NAME).rstrip("/") + "/"
    where = below.replace("CloudTrail-Digest", "CloudTrail")
    if any(key.replace("-NetworkActivity", "").startswith(where) for key in truth.others):
        return True  # somebody put log files there
    digests = [made for made in truth.world.digests if made.key.startswith(below)]
    return any(made.files and not truth.is_clean(made.key) for made in digests) or not any(
        truth.was_read(made.key, made.content) and made.start < said.until and said.since < made.end for made in digests
    )


_OF_TIMES = {
    "gap": _is_gap,
    "nothing-delivered": _is_nothing_delivered,
    "not-closed": _is_not_closed,
    "beyond-ledger": lambda *_: False,
    "no-digests": _has_no_digests,
}


def _is_true_of_digest(truth, name, made):
    if name == "broken":
        return made.resumes
    if name in _ACCUSING:
        return not truth.had_only(made.key, made.content)
    return not truth.is_clean(made.key)


def _is_true_of_file(truth, name, file):
    if not truth.had_only(file.key, file.content):
        return True  # it had other content
    bad = {kind for kind, row, files in truth.bad_rows if file in files or names(row, file)}
    bad |= {CHANGED for row in truth.moved_rows if names(row, file)}
    lister = truth.listed_by.get(file.key)
    was_read, is_there = truth.was_read(file.key, file.content), truth.is_there(file.key, file.content)
    is_true = {
        "row-missing": MISSING in bad,
        "row-differs": CHANGED in bad,
        "row-too-many": bool(bad - {MISSING}),
        "row-unknown": not is_there or not was_read,
        "unlisted": lister is not None and not truth.was_read(lister.key, lister.content),
        "unproven": lister is None or not truth.is_clean(lister.key),
        "awaited": not was_read,
        "not-ingested": not was_read,
        "missing": not is_there,
        **dict.fromkeys(("tampered", "replaced", "unreadable", "changed", "invalid"), False),
    }
    return is_true.get(name, bool(bad) or not truth.is_clean(file.key))
