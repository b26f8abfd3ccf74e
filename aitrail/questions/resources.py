"""The resources of a row, which a condition on resources applies to: `resource`, and further ones in `usage`.

Further resources are in no index key: to find the calls that used one, its service's rows are read as well.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from aitrail.questions.usage_members import usage_member
from aitrail.services import Registry, shortened

Row = dict[str, Any]


def further_resources(row: Row) -> list[str]:
    """The resources of a row beside `resource`; of a row of any shape."""
    resources = usage_member(row, "resources")
    return [each for each in resources if isinstance(each, str)] if isinstance(resources, list) else []


def concerns(values: Iterable[str]) -> Callable[[Row], bool]:
    """A predicate: whether a resource of a row equals one of the values, or is like one of them as a pattern."""
    patterns = tuple(values)
    # Further resources are cut at 64 characters.
    known = {*patterns, *map(shortened, patterns)}

    def is_meant(resource: object) -> bool:
        return isinstance(resource, str) and (
            resource in known or any(fnmatchcase(resource, pattern) for pattern in patterns)
        )

    return lambda row: is_meant(row.get("resource")) or any(map(is_meant, further_resources(row)))


def services_using(resources: Iterable[str], registry: Registry) -> tuple[str, ...]:
    """The services whose calls may have one of these resources as a further one."""
    kinds = dict.fromkeys(resource.partition("/")[0] for resource in resources)
    return tuple(dict.fromkeys(name for kind in kinds for name in registry.using(kind)))
