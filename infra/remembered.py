"""The settings of a deployed stack, which its template remembers, so that a later deployment keeps them."""

import json
from collections.abc import Mapping
from typing import Any

from infra.settings import PREFIX, SETTINGS, Settings
from infra.values import spelled

# The name of the settings in the metadata of a template.
METADATA = "aitrail:settings"
# The name under which a stack is found is not a setting to keep.
_NOT_KEPT = {f"{PREFIX}stackName"}


def to_remember(settings: Settings) -> dict[str, str]:
    """All settings by their keys, as they are written on the command line."""
    return {each.key: spelled(getattr(settings, each.attribute)) for each in SETTINGS if each.key not in _NOT_KEPT}


def settings_in(template: str | Mapping[str, Any]) -> dict[str, str] | None:
    """The settings that the template of a deployed stack remembers; None if it remembers none.

    Settings that this version does not know are left out.
    """
    content = json.loads(template) if isinstance(template, str) else template
    found = content.get("Metadata", {}).get(METADATA)
    if not isinstance(found, Mapping):
        return None
    known = {each.key for each in SETTINGS} - _NOT_KEPT
    return {key: str(value) for key, value in found.items() if key in known}


def kept(before: Mapping[str, str], given: Mapping[str, object]) -> dict[str, str]:
    """The settings of the deployed stack that are not given now and are not the defaults."""
    defaults = to_remember(Settings())
    return {key: value for key, value in before.items() if key not in given and value != defaults[key]}


def changed(before: Mapping[str, str], now: Settings) -> dict[str, tuple[str, str]]:
    """The settings that differ from those of the deployed stack: before, and now."""
    after = to_remember(now)
    return {key: (value, after[key]) for key, value in before.items() if value != after[key]}
