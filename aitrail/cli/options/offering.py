"""What the Tab key offers for the values of options. An offer is quick, and nothing that fails spoils it."""

from collections.abc import Callable, Iterable

import click

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def offer_of(known: Callable[[click.Context], Iterable[str]]) -> Offer:
    """Those of the known values that begin with what has been typed, in any case."""

    def offer(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            return [each for each in known(context) if each.lower().startswith(incomplete.lower())]
        except Exception:  # noqa: BLE001 (a message would spoil the command line that is being typed)
            return []

    return offer


def _operations(context: click.Context) -> Iterable[str]:
    from aitrail.aws import known_operations  # noqa: PLC0415 (only completion needs it, here and below)
    from aitrail.cli.options.service_files import registry_of  # noqa: PLC0415

    return sorted(known_operations(service.name for service in registry_of(context).services))


def _regions(_context: click.Context) -> Iterable[str]:
    from aitrail.aws import known_regions  # noqa: PLC0415

    return known_regions()


def _profiles(_context: click.Context) -> Iterable[str]:
    from aitrail.aws import known_profiles  # noqa: PLC0415

    return known_profiles()


def _resources(context: click.Context) -> Iterable[str]:
    from aitrail.cli.options.service_files import registry_of  # noqa: PLC0415

    return [f"{kind}/" for kind in sorted(registry_of(context).resource_kinds)]


def _principals(context: click.Context) -> Iterable[str]:
    from aitrail.cli.options.seen_principals import SeenPrincipals  # noqa: PLC0415
    from aitrail.cli.options.service_files import registry_of  # noqa: PLC0415
    from aitrail.rows import PRINCIPAL_KINDS  # noqa: PLC0415

    kinds = [f"{kind}/" for kind in sorted(PRINCIPAL_KINDS)]
    if context.params.get("paths"):  # log files
        return ["root", *kinds]
    seen = SeenPrincipals.of(context.params, registry_of(context)).known()
    return [*seen, *(kind for kind in kinds if not any(name.startswith(kind) for name in seen)), "root"]


def _moments(_context: click.Context) -> Iterable[str]:
    from aitrail.moments import PERIODS  # noqa: PLC0415

    return "now", *PERIODS


def _periods(_context: click.Context) -> Iterable[str]:
    from aitrail.moments import PERIODS  # noqa: PLC0415

    return PERIODS


def _compared(_context: click.Context) -> Iterable[str]:
    from aitrail.moments import PERIODS  # noqa: PLC0415
    from aitrail.questions import PREVIOUS  # noqa: PLC0415

    return PREVIOUS, *PERIODS


def _dated_periods(context: click.Context) -> Iterable[str]:
    from aitrail.cli.options.window import now_of, zone_of  # noqa: PLC0415 (which imports this module)
    from aitrail.moments import latest_periods  # noqa: PLC0415

    return latest_periods(now_of(context), zone_of(context))


def _and_dated(words: Offer) -> Offer:
    """Also offers dated periods, once one of them has been begun: until then, they would hide the words."""
    dated = offer_of(_dated_periods)

    def offer(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        return words(context, parameter, incomplete) + (dated(context, parameter, incomplete) if incomplete else [])

    return offer


def _zones(_context: click.Context) -> Iterable[str]:
    from aitrail.timezones import zone_names  # noqa: PLC0415

    return zone_names()


# Option, or argument in upper case -> what is offered.
OFFERS: dict[str, Offer] = {
    "--operation": offer_of(_operations),
    "--in-region": offer_of(_regions),
    "--region": offer_of(_regions),
    "--profile": offer_of(_profiles),
    "--resource": offer_of(_resources),
    "--principal": offer_of(_principals),
    **dict.fromkeys(("--since", "--until"), _and_dated(offer_of(_moments))),
    "--during": _and_dated(offer_of(_periods)),
    "--compare": _and_dated(offer_of(_compared)),
    "--timezone": offer_of(_zones),
}
