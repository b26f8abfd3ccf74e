"""The services whose calls are recorded: one TOML file each, and the registry made of them."""

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
