"""Realistic records with changes: values of any shape, also hostile ones, in any place."""

import json
from copy import deepcopy
from pathlib import Path

from hypothesis import strategies as st

_FOLDER = Path(__file__).parents[1] / "records"
NAMES = tuple(path.stem for path in sorted(_FOLDER.glob("*.json")))
_TEXTS = {path.stem: path.read_text() for path in _FOLDER.glob("*.json")}
# Fields that realistic records leave out.
_FURTHER = (
    "errorCode",
    "errorMessage",
    "addendum",
    "sharedEventID",
    "resources",
    "additionalEventData",
    "eventCategory",
)
_SPECIAL = (
    *("", "\ud800", "é" * 300, "x" * 600, "HIDDEN_DUE_TO_SECURITY_REASONS", "***", "true", "NetworkActivity"),
    *("2026-11-18T24:00:00Z", "2026-02-30T00:00:00Z", "AccessDenied", "ThrottlingException", "VpceAccessDenied"),
    *("arn:aws:polly:eu-west-1:111122223333:lexicon/stations", "arn:aws:iam::111122223333:root", "tts.amazonaws.com"),
    *("StartStreamTranscription", "StartStreamTranscriptionWebSocketEnd", "SynthesizeSpeech20161128", "Root"),
    *(0, 1.0, -0.0, 0.5, 10**30, True, False, None, [], {}, [[[]]], {"ARN": 7}, {"reason": "UPDATED_DATA"}),
)
_values = st.recursive(
    st.sampled_from(_SPECIAL) | st.text(max_size=8) | st.integers(-(2**70), 2**70) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def changed(base, changes=None):
    """A realistic record (its name, or one) with other top-level fields."""
    return (json.loads(_TEXTS[base]) if isinstance(base, str) else dict(base)) | (changes or {})


def _places(value, path=()):
    """All paths to members and elements of a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from _places(member, (*path, name))


@st.composite
def _records(draw):
    record = changed(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(0, 3))):
        places = [*_places(record), *((name,) for name in _FURTHER)]
        *path, last = draw(st.sampled_from(places))
        parent = record
        for name in path:
            parent = parent[name]
        if isinstance(parent, dict) and last in parent and draw(st.booleans()) and draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = deepcopy(draw(_values))  # samples are the same objects each time
    if draw(st.booleans()):
        record["eventID"] = f"{draw(st.integers(0, 40)):08x}-0000-4000-8000-000000000000"
    return record


records = _records()
