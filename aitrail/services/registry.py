"""The registry of all services, which finds the service of an eventSource."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from functools import cache, cached_property, lru_cache
from pathlib import Path

from msgspec import Struct, to_builtins

from aitrail.services.checks import RegistryError
from aitrail.services.definition import service_of
from aitrail.services.files import service_files
from aitrail.services.rules import Amount
from aitrail.services.service import Service

_FOLDER = Path(__file__).parent
_FINGERPRINT_DIGITS = 12
_NOT_IN_ROWS = ("redact", "without_resource", "amounts", "folder")
# AWS has a few hundred event sources.
_MOST_SOURCES = 4096
# All of a few services, and those that hostile records make up.
_MOST_OPERATIONS = 4096
_ARN_SERVICE = re.compile(r"arn:[^:]*:([^:]+):")


class Registry(Struct, frozen=True, kw_only=True, dict=True):
    """The services, sorted by name."""

    services: tuple[Service, ...]

    @property
    def folder(self) -> Path | None:
        """The folder of the user's own service files; None if all are aitrail's."""
        return next((service.folder for service in self.services if service.folder), None)

    @cached_property
    def _by_source(self) -> dict[str, Service]:
        return {source: service for service in self.services for source in service.event_sources}

    @cached_property
    def sources(self) -> frozenset[str]:
        """The eventSource values of all services, lower case."""
        return frozenset(self._by_source)

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits of the SHA-256 of the files' content, regardless of comments, layout and the order of keys.

        `redact` is left out: it determines rows only if values are redacted, and then has a fingerprint of its own.
        `without_resource` and `amounts` determine no row, and neither does the place of the file.
        """
        import hashlib  # noqa: PLC0415 (loads OpenSSL, which would slow down --help)

        services = [asdict(service) for service in self.services]
        for service in services:
            for name in _NOT_IN_ROWS:
                del service[name]
        canonical = json.dumps(services, sort_keys=True, default=to_builtins)
        return hashlib.sha256(canonical.encode()).hexdigest()[:_FINGERPRINT_DIGITS]

    @cached_property
    def resource_kinds(self) -> frozenset[str]:
        """The kinds of resources of all services."""
        return frozenset().union(*(service.resource_kinds for service in self.services))

    @cached_property
    def amounts(self) -> Mapping[str, tuple[Amount, ...]]:
        """Service -> its amounts, for the services that have any; aitrail's own come first."""
        in_order = sorted(self.services, key=lambda service: service.folder is not None)
        return {service.name: service.amounts for service in in_order if service.amounts}

    @cached_property
    def api_versions(self) -> frozenset[str]:
        """The versions of APIs that services tell apart."""
        return frozenset(version.version for service in self.services for version in service.api_versions)

    @cached_property
    def begins_stream(self) -> Callable[[str, str], bool]:
        """A predicate: True if an operation of the service with this name begins a stream."""
        by_name = {service.name: service for service in self.services}
        # The same operations occur in all rows.
        return lru_cache(_MOST_OPERATIONS)(
            lambda service, operation: service in by_name and by_name[service].begins_stream(operation)
        )

    def using(self, kind: str) -> tuple[str, ...]:
        """The names of the services whose calls may have several resources of a kind."""
        return tuple(service.name for service in self.services if kind in service.used_kinds)

    def resource_of_arn(self, text: str) -> str | None:
        """The resource that an ARN of one of the services names; None for any other text."""
        found = _ARN_SERVICE.match(text)
        service = self.service(f"{found[1]}.amazonaws.com") if found else None
        return service.resource_at(text) if service else None

    def service(self, event_source: str) -> Service | None:
        """The service with exactly this eventSource, ignoring case; None if there is none."""
        return self._by_source.get(event_source.lower())

    @cached_property
    def is_lookalike(self) -> Callable[[str], bool]:
        """A predicate: True if an unknown eventSource may be a service's new name, since a part matches a lookalike."""
        # The same sources occur in all log files.
        return lru_cache(_MOST_SOURCES)(self._is_lookalike)

    def _is_lookalike(self, event_source: str) -> bool:
        source = event_source.lower()
        if source in self._by_source:
            return False
        patterns = [pattern for service in self.services for pattern in service.lookalikes]
        return any(fnmatchcase(part, pattern) for part in re.split("[.-]", source) for pattern in patterns)


def load(folder: Path | None = None) -> Registry:
    """The registry of aitrail's own service files and those of a folder, which replace own ones of the same name.

    Without a folder, the files are read once. Raises RegistryError.
    """
    if folder is None:
        return _own()
    given = {name: service_of(folder / name, content, folder) for name, content in service_files(folder).items()}
    own = {f"{service.name}.toml": service for service in _own().services}
    return _registry_of({**own, **given}.values())


@cache
def _own() -> Registry:
    return _registry_of(service_of(path, path.read_bytes()) for path in _FOLDER.glob("*.toml"))


def _registry_of(services: Iterable[Service]) -> Registry:
    found = sorted(services, key=lambda service: service.name)
    # Of two services that contradict each other, a given one is to be corrected.
    in_order = sorted(found, key=lambda service: service.folder is not None)
    _refuse_common_sources(in_order)
    _refuse_ambiguous_usage(in_order)
    return Registry(services=tuple(found))


def _refuse_common_sources(services: Iterable[Service]) -> None:
    owners: dict[str, Service] = {}
    for service in services:
        for source in service.event_sources:
            owner = owners.setdefault(source, service)
            if owner is not service:
                raise RegistryError(
                    f"{service.file}, event_sources: {source} is in {_named(owner)} already; "
                    "an event source belongs to one service"
                )


def _refuse_ambiguous_usage(services: Iterable[Service]) -> None:
    """Refuses counts, labels and amounts that queries could not tell apart: they know only names, in any case."""
    known: dict[str, tuple[str, str, Service]] = {}
    for service in services:
        amounts = ((amount.name, ()) for amount in service.amounts)
        for kind, fields in (("count", service.counts), ("label", service.labels), ("amount", amounts)):
            for name, _ in fields:
                other, other_kind, owner = known.setdefault(name.lower(), (name, kind, service))
                if (other, other_kind) != (name, kind):
                    raise RegistryError(
                        f"{service.file}, usage: the {kind} {name} is the {other_kind} {other} in {_named(owner)}; "
                        "give it another name, or the same name and kind"
                    )


def _named(service: Service) -> str:
    return f"{service.name}.toml" if service.folder else f"aitrail's own {service.name}.toml"
