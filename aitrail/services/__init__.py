"""The recorded services: one TOML file for each, aitrail's own and the user's; together they form the registry.

In: TOML files; out: the service of each eventSource, with its resources and usage. It knows nothing about rows or
tables. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.services.checks import RegistryError
    from aitrail.services.files import service_files
    from aitrail.services.parameters import is_redacted, shortened
    from aitrail.services.registry import Registry, load
    from aitrail.services.service import Attributes, Service, operation_of
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        checks=("RegistryError",),
        files=("service_files",),
        parameters=("is_redacted", "shortened"),
        registry=("Registry", "load"),
        service=("Attributes", "Service", "operation_of"),
    )
