"""A line of the function's log, of bounded length: names and texts in it can be as long as a message, and hostile."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

# CloudWatch Logs once took 256 KB for an event, now takes 1 MB, and splits or drops longer ones.
LONGEST_LINE = 200_000


class _Measure(NamedTuple):
    """What is left of a value: characters of a text, items of a list or object, and levels of nesting."""

    characters: int
    items: int
    levels: int


# In turn, until the line is short enough. A character takes up to twelve bytes in JSON.
_MEASURES = (_Measure(30_000, 100, 8), _Measure(1_000, 20, 4), _Measure(50, 3, 1))


def line_of(log: Mapping[str, Any]) -> str:
    """The log record as one line of JSON; of a record that is too long, texts are cut and items left out."""
    line = ""
    for measure in _MEASURES:
        names = {str(name)[: measure.characters]: _cut(value, measure) for name, value in log.items()}
        line = json.dumps(names, default=str, separators=(",", ":"))
        if len(line) <= LONGEST_LINE:
            break
    return line


def _cut(value: Any, measure: _Measure) -> Any:  # noqa: ANN401 (any value)
    if value is None or isinstance(value, bool | int | float):
        return value
    inner = measure._replace(levels=measure.levels - 1)
    if isinstance(value, Mapping) and measure.levels:
        kept = {_text(name, measure): _cut(each, inner) for name, each in list(value.items())[: measure.items]}
        left_out = len(value) - measure.items
        return kept | ({"…": f"{left_out:,} more"} if left_out > 0 else {})
    if isinstance(value, list | tuple) and measure.levels:
        left_out = len(value) - measure.items
        return [_cut(each, inner) for each in value[: measure.items]] + [f"… {left_out:,} more"] * (left_out > 0)
    return _text(value, measure)


def _text(value: object, measure: _Measure) -> str:
    text = str(value)
    left_out = len(text) - measure.characters
    return f"{text[: measure.characters]}… {left_out:,} more characters" if left_out > 0 else text
