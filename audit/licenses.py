"""Whether the license of every package is known and accepted."""

from collections.abc import Iterator, Sequence

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from audit.accepted import Accepted, LicenseException, names
from audit.sbom import Json


def not_accepted(components: Sequence[Json], accepted: Accepted) -> Iterator[str]:
    """A line for each package of a CycloneDX document whose license is not accepted, and for each needless exception.

    A package that states several licenses is taken to be under all of them, unless an SPDX expression says OR.
    """
    spdx = get_spdx_licensing()
    for component in components:
        purl, stated = component["purl"], _stated(component, accepted)
        exception = next((each for each in accepted.exceptions if names(each.package, purl)), None)
        if exception and _applies(exception, purl, stated):
            continue
        if not stated:
            yield f"{purl}: its license is not known"
        elif refused := [each for each in stated if not _is_accepted(each, accepted, spdx)]:
            yield f"{purl}: {', '.join(refused)} is not accepted"
    purls = [component["purl"] for component in components]
    for each in accepted.exceptions:
        if not any(names(each.package, purl) for purl in purls):
            yield f"{each.package}: it is an exception of audit/accepted.toml, but is not locked (any more)"


def _stated(component: Json, accepted: Accepted) -> list[str]:
    """Each license that the package states, as SPDX names it, if it or `accepted` does."""
    stated = set()
    for choice in component.get("licenses", ()):
        license_ = choice.get("license", {})
        said = choice.get("expression") or license_.get("id") or license_["name"]
        stated.add(accepted.classifiers.get(said, said))
    return sorted(stated - {""})


def _applies(exception: LicenseException, purl: str, stated: list[str]) -> bool:
    """An exception is for the license that it names; where a package states none, also for one version only."""
    return stated == [exception.license] or (not stated and exception.package == purl)


def _is_accepted(expression: str, accepted: Accepted, spdx: Licensing) -> bool:
    try:
        tree = spdx.parse(expression, validate=True)
    except ExpressionError:
        return False
    return _holds(tree, accepted, spdx)


def _holds(tree: object, accepted: Accepted, spdx: Licensing) -> bool:
    if isinstance(tree, spdx.AND):
        return all(_holds(part, accepted, spdx) for part in tree.args)
    if isinstance(tree, spdx.OR):
        return any(_holds(part, accepted, spdx) for part in tree.args)
    return str(tree) in accepted.licenses
