"""The settings of a deployed stack, which its template remembers, so that a later deployment keeps them."""

import hashlib
import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from aitrail.cells import cell_text, printable
from aitrail.errors import AitrailError
from infra.settings import PREFIX, SETTINGS, Settings
from infra.values import spelled

# The name of the settings in the metadata of a template.
METADATA = "aitrail:settings"
# The name of the parameters of the other settings, by their keys, in the metadata of a packaged template.
PARAMETERS = "aitrail:parameters"
# The name under which a stack is found is not a setting to keep.
_NOT_KEPT = {f"{PREFIX}stackName"}
_KEPT = {each.key: each for each in SETTINGS if each.key not in _NOT_KEPT}
# A message shows the beginning of a long value.
_MOST_SHOWN = 100


class UnknownParametersError(AitrailError):
    """Settings of a deployed stack are parameters of its template, and their values are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a template remembers of the settings, by their keys: the values, as `Settings` has them.

    `invalid` has the values that are not valid, `unknown` the keys that this version does not know, and `missing`
    the keys that the template lacks. Without arguments: what is known of a stack that does not exist.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    invalid: Mapping[str, object] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def losses(self, given: Container[str]) -> Iterator[str]:
        """What would be lost by a deployment that gives these keys, as sentences without control characters."""
        for key in self.unknown:
            yield f"It has the setting {printable(key)}, which this version does not know: it will be lost."
        for key, value in self.invalid.items():
            if key not in given:
                yield f"It has {cell_text(value)[:_MOST_SHOWN]} for {key}, which is not valid: it is not kept."
        if self.missing and not self.values:
            yield "It remembers no setting."

    def additions(self, given: Container[str]) -> Iterator[str]:
        """The settings that the stack was deployed without, because its version had none of them, as a sentence."""
        if self.values and (missing := [key for key in self.missing if key not in given]):
            yield f"New since the stack was deployed: {', '.join(missing)}, of which the defaults apply."

    def kept(self, given: Container[str]) -> dict[str, str]:
        """The settings that are not given now and are not the defaults, as they are written on the command line."""
        return {
            key: spelled(value)
            for key, value in self.values.items()
            if key not in given and value != _KEPT[key].default
        }

    def changed(self, now: Settings) -> dict[str, tuple[str, str]]:
        """The settings that differ now: before, and now. The version of a stack without a setting had its default."""
        missing = {key: _KEPT[key].default for key in self.missing} if self.values else {}
        after = {key: getattr(now, _KEPT[key].attribute) for key in _KEPT}
        before = {**missing, **self.values}
        return {key: (spelled(value), spelled(after[key])) for key, value in before.items() if value != after[key]}


def to_remember(settings: Settings) -> dict[str, str]:
    """All settings by their keys, as they are written on the command line."""
    return {key: spelled(getattr(settings, each.attribute)) for key, each in _KEPT.items()}


def mark(settings: Settings) -> str:
    """A short hash of what the template remembers.

    CloudFormation does not update the metadata of a template by itself: a resource has to change with it.
    """
    return hashlib.sha256(json.dumps(to_remember(settings), sort_keys=True).encode()).hexdigest()[:8]


def settings_in(template: Mapping[str, object], parameters: Mapping[str, str] | None = None) -> Remembered | None:
    """What the template of a deployed stack remembers; None if it has no settings.

    `parameters` are the values of the template's parameters by name, None if they are not known: a packaged template
    has settings as parameters. Raises UnknownParametersError.
    """
    metadata = template.get("Metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    found = metadata.get(METADATA)
    if not isinstance(found, Mapping):
        return None
    if isinstance(names := metadata.get(PARAMETERS), Mapping):
        if parameters is None:
            raise UnknownParametersError("The values of its parameters cannot be read (cloudformation:DescribeStacks)")
        found = {**found, **{key: parameters[name] for key, name in names.items() if name in parameters}}
    values, invalid = {}, {}
    for key in _KEPT.keys() & found.keys():
        try:
            values[key] = _KEPT[key].value.parse(found[key])
        except ValueError:
            invalid[key] = found[key]
    return Remembered(
        values={key: values[key] for key in _KEPT if key in values},
        invalid=invalid,
        unknown=tuple(str(key) for key in found if key not in _KEPT and key not in _NOT_KEPT),
        missing=tuple(key for key in _KEPT if key not in found),
    )
