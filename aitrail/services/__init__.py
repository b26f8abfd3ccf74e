"""The recorded services: one TOML file for each, and the registry that they form together.

In: TOML files; out: which eventSource belongs to which service, its resources and its usage. It knows nothing of rows
or tables. Pure.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.services.definition import RegistryError
    from aitrail.services.registry import Registry, load
    from aitrail.services.service import Service, operation_of

__all__, __getattr__ = exports(
    __name__,
    definition=("RegistryError",),
    registry=("Registry", "load"),
    service=("Service", "operation_of"),
)
