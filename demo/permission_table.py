"""The table in docs/operations.md of what each command needs to do in AWS, from the one that the commands use."""

from collections.abc import Iterable
from itertools import groupby

from aitrail.permissions import IN_S3, NEEDS, Grants, Part, Rule, statements_of

HEAD = "| command | needs |\n|---|---|\n"
_NAMES = {
    Part.STACK: "the stack",
    Part.EVENTS: "the events table",
    Part.FILES: "the files table",
    Part.LOG_BUCKET: "the log bucket",
    Part.LOG_FILES: "objects in the log bucket",
    Part.LOG_KEYS: "the keys of `aitrail:logKeyArns`",
    Part.BILL_BUCKET: "the bucket of the bill",
    Part.BILL_FILES: "objects in the bucket of the bill",
    Part.BOOTSTRAPS: "the bootstraps of the CDK",
    Part.IDENTITIES: "users and roles of the account",
    Part.DELIVERIES: "the deliveries queue",
    Part.BACKFILL: "the backfill queue",
    Part.DEAD_LETTERS: "the dead-letter queue",
    Part.REDACTION_KEY: "the key of `aitrail:redact`",
    Part.ANYTHING: "`*`",
}


def permission_table() -> str:
    """The table: a row for each rule, with all commands that it applies to."""
    rules = [rule for of_command in NEEDS.values() for rule in of_command]
    rows = [rule for place, rule in enumerate(rules) if rule not in rules[:place]]
    return HEAD + "".join(f"| {_commands(rule)}{_condition(rule)} | {_text(rule.grants)} |\n" for rule in rows)


def _commands(rule: Rule) -> str:
    return ", ".join(f"`{command}`" for command, rules in NEEDS.items() if rule in rules)


def _condition(rule: Rule) -> str:
    given = " ".join(_shown(each) for each in sorted(rule.when))
    left_out = " or ".join(f"`{_shown(each)}`" for each in sorted(rule.unless))
    return (f" with `{given}`" if given else "") + (f" without {left_out}" if left_out else "")


def _shown(option: str) -> str:
    return f"{IN_S3}…" if option == IN_S3 else option


def _text(grants: Grants) -> str:
    """Actions, and the parts for which they are needed, in the order of parts."""
    order = list(Part)
    found = [(actions, sorted(parts, key=order.index)) for actions, parts in statements_of(grants)]
    found.sort(key=lambda each: order.index(each[1][0]))
    return "; ".join(f"{_listed([f'`{each}`' for each in actions])} on {_named(parts)}" for actions, parts in found)


def _named(parts: Iterable[Part]) -> str:
    """Names of parts: the indexes of a table together, and others one by one."""
    names: list[str] = []
    for table, found in groupby(parts, key=lambda part: part.rpartition("/index/")[0]):
        if table:
            indexes = [f"`{part.rpartition('/')[2]}`" for part in found]
            names.append(
                f"the {'indexes' if len(indexes) > 1 else 'index'} {_listed(indexes)} of {_NAMES[Part(table)]}"
            )
        else:
            names += [_NAMES[part] for part in found]
    return _listed(names)


def _listed(texts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
