"""The user's own service files on the command line: --service-files, and the registry of a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aitrail.cli.options.aws import Access
from aitrail.cli.options.command import option
from aitrail.cli.output import narrate
from aitrail.services import Registry, RegistryError, load

# Key in ctx.meta of the registry that --service-files gives.
_REGISTRY = "aitrail.registry"


def service_files_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --service-files, which `registry_of` reads."""

    def remembered(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is None:
            return
        try:
            context.meta[_REGISTRY] = load(Path(value))
        except RegistryError as error:
            if not context.resilient_parsing:  # completion
                raise click.BadParameter(f"{error}.") from error

    return option(
        *("Where", "--service-files"),
        metavar="FOLDER",
        envvar="AITRAIL_SERVICE_FILES",
        is_eager=True,  # the values of other options depend on it
        expose_value=False,
        callback=remembered,
        help="Folder of your own service files, which add services or replace aitrail's (docs/services.md).",
    )(command)


def registry_of(context: click.Context) -> Registry:
    """The registry of a command: aitrail's own services, and those of --service-files."""
    registry: Registry | None = context.meta.get(_REGISTRY)
    return registry or load()


def narrate_other_services(access: Access, registry: Registry) -> None:
    """Tells if the function of a stack reads log files with other service files than this command."""
    deployed = access.deployment.registry
    if deployed not in (None, registry.fingerprint):
        narrate(
            f"The function of {access} reads log files with other service files ({deployed}) than this command has "
            f"({registry.fingerprint}): rows may be missing here, or appear outdated. Give those of "
            "aitrail:serviceFiles with --service-files, or deploy this version."
        )
