"""Lists the operations of the AWS SDK that the registry does not know; `make check-services` runs this.

A folder of further service files may be given (`SERVICE_FILES=contrib/services`).

An operation is known if a call with all of its parameters has a resource, or if its service file says that it has none.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from aitrail.services import Registry, Service, load

# Parameters may be nested in themselves; no rule looks deeper.
_DEPTH = 6
# APIs whose names begin like that of a service, and which are other services: their records have other event sources.
_OTHERS = ("bedrock-agentcore", "bedrock-data-automation")


def _apis_of(service: Service, session: botocore.session.Session) -> list[str]:
    names = session.get_available_services()
    return [api for api in names if api.startswith(service.name) and not api.startswith(_OTHERS)]


def unknown_operations(registry: Registry) -> Iterator[str]:
    """The operations that the installed botocore has and the registry does not know, as `api:Operation`."""
    session = botocore.session.Session()
    for service in registry.services:
        for api in _apis_of(service, session):
            model = session.get_service_model(api)
            names = (name for name in model.operation_names if not _knows(service, model.operation_model(name)))
            yield from (f"{api}:{name}" for name in names)


def obsolete_operations(registry: Registry) -> Iterator[str]:
    """Operations that are listed as having no resource although they have one, or do not exist."""
    session = botocore.session.Session()
    for service in registry.services:
        models = [session.get_service_model(api) for api in _apis_of(service, session)]
        for name in service.without_resource:
            found = [model.operation_model(name) for model in models if name in model.operation_names]
            if not found or any(_has_resource(service, each) for each in found):
                yield f"{service.name}:{name}"


def _knows(service: Service, operation: OperationModel) -> bool:
    return operation.name in service.without_resource or _has_resource(service, operation)


def _has_resource(service: Service, operation: OperationModel) -> bool:
    request, response = _example(operation.input_shape), _example(operation.output_shape)
    return service.resource_of(operation.name, request, response) is not None


def _example(shape: Shape | None, depth: int = 0) -> Any:
    """A value of a shape with all of its members, as CloudTrail writes it: names begin with a lower-case letter."""
    if shape is None or depth > _DEPTH:
        return None
    match shape.type_name:
        case "structure":
            return {name[0].lower() + name[1:]: _example(member, depth + 1) for name, member in shape.members.items()}
        case "list":
            return [_example(shape.member, depth + 1)]
        case "map":
            return {"key": _example(shape.value, depth + 1)}
        case "string":
            return (shape.enum or ["value"])[0]
        case other:
            return True if other == "boolean" else 1


def main() -> int:
    """Prints the unknown operations; returns 1 if there are any."""
    registry = load(Path(sys.argv[1]) if sys.argv[1:] else None)
    unknown = [
        f"{each} has no resource, and is not listed in without_resource" for each in unknown_operations(registry)
    ]
    obsolete = [f"{each} is listed in without_resource for nothing" for each in obsolete_operations(registry)]
    for line in unknown + obsolete:
        print(line)  # noqa: T201 (its output)
    if not unknown + obsolete:
        print(f"The registry knows every operation of botocore {botocore.__version__}.")  # noqa: T201 (its output)
    return 1 if unknown + obsolete else 0


if __name__ == "__main__":
    sys.exit(main())
