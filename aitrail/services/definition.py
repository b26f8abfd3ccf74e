"""TOML file -> service; docs/services.md explains with an example how to write one.

The file is named after its service (`polly.toml` -> `polly`). Its keys:

    title          its name for people
    event_sources  exact eventSource values, lower case, each in one service only
    lookalikes     shell-style patterns: an unknown eventSource with a matching part may be a new name (optional)
    resource       rules, the first with a value wins: kind and parameters; operations and when (optional)
    used           rules, of which all values are resources that a call uses as well: kind and parameters; operations
                   and when (optional). If no rule of `resource` has a value, the first of these is the resource
    arn_kinds      word in an ARN = kind: such an ARN yields that kind and the first name after the word (optional)
    usage          counts and labels: name = parameters, the first that is present wins; amounts: rules for what queries
                   add up, each with a name, the count, the operations whose records should have it, and the metric of
                   CloudWatch with the same total, if there is one: name, count, operations, metric (optional)
    streams        operations that begin and end a stream, and the parameters that hold the key of both: begin, end, key
                   (optional)
    api_versions   rules, the first that matches gives `apiVersion`: version; event_sources, operations and when
                   (optional)
    redact         paths of values that aitrail:redact replaces (optional)
    without_resource
                   operations of the AWS SDK that concern no resource, for `make check-services` (optional)

`operations`, `begin` and `end` are shell-style patterns; `when` is parameter = pattern, and a parameter that is absent
matches none.

A parameter is a dotted path, looked up in requestParameters first, then in responseElements; one that begins with
`additionalEventData.` is looked up there. In `used`, a list on the way stands for all of its elements, and `*` for
every member.

A path of `redact` consists of names separated by dots, regardless of case; `*` is any name. It is looked for at every
depth of requestParameters and responseElements. A list on the way stands for all of its elements. The value at the end
is replaced as a whole; where a path should continue but finds no object (a text, say), so is the value found there.
"""

from pathlib import Path
from typing import Any

from aitrail import toml
from aitrail.services.checks import RegistryError, keys, list_of, optional, pairs_of, text
from aitrail.services.rules import Amount, Rule, Stream, Version
from aitrail.services.service import Service

_OPTIONAL = (
    *("lookalikes", "resource", "used", "arn_kinds", "usage", "streams", "api_versions", "redact"),
    "without_resource",
)
# Members of a row's `usage` that are not from a service file's counts and labels.
_OF_ROWS = ("agent", "apiVersion", "mfa", "originalEventID", "resources", "sharedEventID", "stream", "streamEnd")
# The names of groups of calls, and of what is counted for them, beside which counts and labels appear.
_OF_QUERIES = (
    *("service", "operation", "principal", "account", "region", "resource", "outcome", "session", "team", "network"),
    *("credentials", "voice", "language", "second", "minute", "hour", "day", "week", "month", "year"),
    *("calls", "errors", "denied", "characters", "streamSeconds", "unmeasured", "cost", "currency"),
    *("difference", "percent", "firstSeen", "lastSeen", "new", "silent"),
)
_RESERVED = frozenset(name.lower() for name in (*_OF_ROWS, *_OF_QUERIES))
# The amounts that aitrail's own files have; another service may add to them.
_AMOUNTS = {"characters"}
# What follows the name of a measure.
_RESERVED_ENDS = ("before", "isatleast")


def service_of(path: Path, content: bytes, folder: Path | None = None) -> Service:
    """The service that a TOML file describes; `folder` is that of the user's own files. Raises RegistryError."""
    name = _NAME(path.stem, f"{path}, name of the file")
    where = str(path)
    document = _document(content, where)
    keys(document, where, ("title", "event_sources"), _OPTIONAL)
    return Service(
        name=name,
        folder=folder,
        title=_TITLE(document["title"], f"{where}, title"),
        event_sources=tuple(sorted(_SOURCES(document["event_sources"], f"{where}, event_sources"))),
        lookalikes=tuple(sorted(optional(document, "lookalikes", where, _LOOKALIKES))),
        rules=optional(document, "resource", where, list_of(_rule)),
        used=optional(document, "used", where, list_of(_rule)),
        arn_kinds=optional(document, "arn_kinds", where, _ARN_KINDS),
        streams=optional(document, "streams", where, list_of(_stream)),
        api_versions=optional(document, "api_versions", where, list_of(_version)),
        redact=tuple(sorted(optional(document, "redact", where, _REDACT))),
        without_resource=tuple(sorted(optional(document, "without_resource", where, _OPERATIONS))),
        **_usage(document.get("usage", {}), f"{where}, usage"),
    )


def _document(content: bytes, where: str) -> dict[str, object]:
    try:
        return toml.document_of(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RegistryError(f"{where}, line {line} is not in UTF-8; it must be a TOML file in UTF-8") from error
    except ValueError as error:
        raise RegistryError(f"{where} cannot be read: {error}; it must be a TOML file in UTF-8") from error


def _rule(value: object, where: str) -> Rule:
    table = keys(value, where, ("kind", "parameters"), ("operations", "when"))
    return Rule(
        kind=_NAME(table["kind"], f"{where}, kind"),
        parameters=_PARAMETERS(table["parameters"], f"{where}, parameters"),
        operations=optional(table, "operations", where, _OPERATIONS),
        when=optional(table, "when", where, _WHEN),
    )


def _stream(value: object, where: str) -> Stream:
    table = keys(value, where, ("begin", "end", "key"), ())
    return Stream(
        begin=_OPERATIONS(table["begin"], f"{where}, begin"),
        end=_OPERATIONS(table["end"], f"{where}, end"),
        key=_PARAMETERS(table["key"], f"{where}, key"),
    )


def _version(value: object, where: str) -> Version:
    table = keys(value, where, ("version",), ("event_sources", "operations", "when"))
    return Version(
        version=_VERSION(table["version"], f"{where}, version"),
        event_sources=optional(table, "event_sources", where, _SOURCES),
        operations=optional(table, "operations", where, _OPERATIONS),
        when=optional(table, "when", where, _WHEN),
    )


def _usage(value: object, where: str) -> dict[str, Any]:
    table = keys(value, where, (), ("counts", "labels", "amounts"))
    counts, labels = (optional(table, key, where, _USAGE) for key in ("counts", "labels"))
    amounts = optional(table, "amounts", where, list_of(_amount))
    for name in sorted({name for name, _ in (*counts, *labels)} | {amount.name for amount in amounts} - _AMOUNTS):
        if name.lower() in _RESERVED or name.lower().endswith(_RESERVED_ENDS):
            raise RegistryError(f"{where}: {name} is a name of aitrail's; choose another one")
    for name in sorted(dict(counts).keys() & dict(labels).keys()):
        raise RegistryError(f"{where}: {name} is in counts and in labels; a name belongs to one of them")
    for number, amount in enumerate(amounts, start=1):
        if amount.count not in dict(counts):
            raise RegistryError(f"{where}, amounts, item {number}: there is no count {amount.count!r} to add up")
    return {"counts": counts, "labels": labels, "amounts": amounts}


def _amount(value: object, where: str) -> Amount:
    table = keys(value, where, ("name", "count", "operations"), ("metric",))
    return Amount(
        name=_USAGE_NAME(table["name"], f"{where}, name"),
        count=_USAGE_NAME(table["count"], f"{where}, count"),
        operations=_OPERATIONS(table["operations"], f"{where}, operations"),
        metric=_METRIC(table["metric"], f"{where}, metric") if "metric" in table else "",
    )


_NAME = text(r"[a-z][a-z0-9-]{0,63}", "a lower-case name such as `dataset-group`")
_TITLE = text(r"\S(.*\S)?", "a title such as `Amazon Polly`")
_PARAMETERS = list_of(text(r"[^\s.]+(\.[^\s.]+)*", "a dotted path such as `synthesisTask.taskId`"))
_SOURCES = list_of(text(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a lower-case host name such as `polly.amazonaws.com`"))
_LOOKALIKES = list_of(text(r"[a-z0-9*?\[\]]+", "a lower-case pattern such as `polly*`, without dots and hyphens"))
_OPERATIONS = list_of(text(r"[A-Za-z0-9_*?\[\]!-]+", "an operation or a pattern such as `*Lexicon`"))
_ARN_KINDS = pairs_of(text(r"[^\s/:]+", "a word in an ARN such as `bot-alias`"), _NAME)
_WHEN = pairs_of(text(r"[^\s.]+(\.[^\s.]+)*", "a dotted path"), text(r".+", "a text such as `BOT`"))
_VERSION = text(r"[a-z0-9.-]{1,16}", "a version such as `v2`")
_REDACT = list_of(text(r"[^\s.*]+(\.([^\s.*]+|\*))*", "a path of names and `*` such as `slots.*`"))
_USAGE_NAME = text(r"[A-Za-z][A-Za-z0-9]{0,63}", "a name such as `requestCharacters`")
_USAGE = pairs_of(_USAGE_NAME, _PARAMETERS)
_METRIC = text(r"\S[ -~]{0,99}", "a namespace and a metric such as `AWS/Polly, RequestCharacters`")
