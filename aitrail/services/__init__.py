"""The services whose calls are recorded: one TOML file each, and the registry made of them."""

from aitrail.services.definition import RegistryError
from aitrail.services.registry import Registry, load
from aitrail.services.service import Service, operation_of

__all__ = ["Registry", "RegistryError", "Service", "load", "operation_of"]
