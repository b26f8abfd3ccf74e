"""The registry of all services, which finds the service of an eventSource."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property, lru_cache
from pathlib import Path

from aitrail.services.definition import RegistryError, read_service
from aitrail.services.service import Service

_FOLDER = Path(__file__).parent
_FINGERPRINT_DIGITS = 12
# AWS has a few hundred event sources.
_MOST_SOURCES = 4096
_ARN_SERVICE = re.compile(r"arn:[^:]*:([^:]+):")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The services, sorted by name."""

    services: tuple[Service, ...]

    def __getstate__(self) -> dict[str, tuple[Service, ...]]:
        return {"services": self.services}  # what is cached can be found again, and not all of it can be pickled

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
        `without_resource` determines no row.
        """
        import hashlib  # noqa: PLC0415 (loads OpenSSL, which would slow down --help)

        services = [asdict(service) for service in self.services]
        for service in services:
            del service["redact"], service["without_resource"]
        canonical = json.dumps(services, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:_FINGERPRINT_DIGITS]

    @cached_property
    def resource_kinds(self) -> frozenset[str]:
        """The kinds of resources of all services."""
        return frozenset().union(*(service.resource_kinds for service in self.services))

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


def load(folder: Path = _FOLDER) -> Registry:
    """The registry of all `*.toml` files in the folder; the default folder is read once. Raises RegistryError."""
    return _bundled() if folder == _FOLDER else _registry_of(folder)


@cache
def _bundled() -> Registry:
    return _registry_of(_FOLDER)


def _registry_of(folder: Path) -> Registry:
    services = tuple(sorted(map(read_service, folder.glob("*.toml")), key=lambda service: service.name))
    if not services:
        raise RegistryError(f"{folder} has no *.toml file; it needs one for each service, such as polly.toml")
    owners: dict[str, Service] = {}
    for service in services:
        for source in service.event_sources:
            owner = owners.setdefault(source, service)
            if owner is not service:
                raise RegistryError(
                    f"{folder / service.name}.toml, event_sources: {source} is in {owner.name}.toml already; "
                    "an event source belongs to one service"
                )
    return Registry(services=services)
