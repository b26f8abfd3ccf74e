"""Commands that the same people use: those who ask, and those who operate a deployment. Pure."""

from aitrail.permissions.needs import IN_S3, Grants, grants_of, together

READER, OPERATOR = "reader", "operator"
# Readers ask about calls. They read neither the ledger nor the log bucket, which has the calls to every other service,
# too.
_ASKED = (
    *("events", "event", "usage", "running", "who", "what", "tail", "export", "completion"),
    "report --without-proof",
)
# Operators look after deliveries. They write no rows, as `verify --repair` and `import-history` do.
_OPERATED = (
    *("reconcile", "usage --metrics", "running --metrics", "report", "event --source", "status"),
    *("verify --deep --announce", f"retry {IN_S3} --wait", "retry --wait"),
    *("backfill --wait", "rejects --retry", "accept"),
)
# Group -> commands with the options that it may use.
GROUPS = {READER: _ASKED, OPERATOR: (*_ASKED, *_OPERATED)}


def grants_of_group(group: str) -> Grants:
    """What a group of GROUPS needs."""
    lines = (line.split() for line in GROUPS[group])
    return together(grants_of(command, given) for command, *given in lines)
