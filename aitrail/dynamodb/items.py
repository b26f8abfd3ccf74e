"""Determines which values DynamoDB stores unchanged, and stores the others as JSON text so that they stay exact.

Rules and sizes: Amazon DynamoDB Developer Guide, "Service, account, and table quotas", "Supported data types" and
"DynamoDB item sizes and formats".
"""

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

MAX_ITEM_BYTES = 400 * 1024
MAX_KEY_BYTES = 2048  # of a partition key

# DynamoDB allows 32 levels of nesting. One fewer is used, so that no interpretation of "32 levels" makes an item fail.
_MAX_DEPTH = 31
_MAX_NUMBER = 10**38  # 38 digits are exact
# DynamoDB's minimum is 1E-130, that of boto3's decimal context 1E-128. No maximum: floats over 2**53 are integral.
_MIN_FLOAT = 1e-128
_MAX_NAME_BYTES = 65_535
# Paths take space: a field with more paths than this is stored as one JSON text.
_MAX_PATHS = 20
# The two surrogates of a character beyond 16 bits, encoded separately: escaped in JSON, they would be read as the
# character. The bytes of such a JSON text are stored in base64, after a mark with which no JSON text begins.
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BASE64 = "base64:"


def json_text(value: object) -> str:
    """Canonical JSON: sorted keys and only ASCII, so that lone surrogates and NaN are preserved as well."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def json_bytes(value: object) -> bytes:
    """Canonical JSON of which no two different values have the same; `json_text` in UTF-8, with very few exceptions."""
    unescaped = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return unescaped.encode(errors="surrogatepass") if _HALVES.search(unescaped) else json_text(value).encode()


def kept_size(value: object, depth: int = 1) -> int:
    """The size in bytes, by DynamoDB's rules, of a value that it stores unchanged; -1 if it would refuse or change it.

    This one fast pass is enough for nearly every field; for the others, `storable` returns the value to store instead.
    """
    kind = type(value)
    if kind is str:
        return _text_size(value)  # type: ignore[arg-type]
    if kind is dict or kind is list:
        return -1 if depth >= _MAX_DEPTH else _container_size(value, depth + 1)
    if value is None or kind is bool:
        return 1
    return (len(str(value)) + 1) // 2 + 1 if _is_kept(value) else -1


def _text_size(text: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def _container_size(value: Any, depth: int) -> int:  # noqa: ANN401 (a dict or a list)
    total = 3 + len(value)
    if type(value) is dict:
        for name in value:
            size = len(name) if name.isascii() else _text_size(name)
            if not 0 < size <= _MAX_NAME_BYTES:
                return -1
            total += size
        value = value.values()
    for item in value:
        # Most values are texts: avoiding a call for each saves a third of the time.
        size = len(item) if type(item) is str and item.isascii() else kept_size(item, depth)
        if size < 0:
            return -1
        total += size
    return total


def storable(name: str, value: object) -> tuple[Any, list[str]]:
    """A top-level field as DynamoDB can store it, and JSON Pointers (RFC 6901) to the values replaced by JSON text.

    Raises RecursionError if the value is nested too deeply for Python to write it as JSON.
    """
    paths: list[str] = []
    stored = _storable(value, "/" + escaped(name), 1, paths)
    if len(paths) > _MAX_PATHS:
        return as_text(value), ["/" + escaped(name)]
    return stored, paths


def _storable(value: object, path: str, depth: int, paths: list[str]) -> object:
    if isinstance(value, dict):
        if depth < _MAX_DEPTH and all(_is_name(key) for key in value):
            return {key: _storable(item, f"{path}/{escaped(key)}", depth + 1, paths) for key, item in value.items()}
    elif isinstance(value, list):
        if depth < _MAX_DEPTH:
            return [_storable(item, f"{path}/{index}", depth + 1, paths) for index, item in enumerate(value)]
    elif value is None or _is_kept(value):
        return value
    paths.append(path)
    return as_text(value)


def as_text(value: object) -> str:
    """The JSON text of a value, or `base64:` and its bytes, from which `of_text` makes exactly that value."""
    written = json_bytes(value)
    return written.decode() if written.isascii() else _BASE64 + b64encode(written).decode()


def of_text(text: str) -> Any:  # noqa: ANN401 (any JSON value)
    """The value of which `as_text` made this text."""
    is_encoded = text.startswith(_BASE64)
    return json.loads(b64decode(text[len(_BASE64) :]).decode(errors="surrogatepass") if is_encoded else text)


def _is_kept(value: object) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, int):  # bool included
        return -_MAX_NUMBER < value < _MAX_NUMBER
    if isinstance(value, float):
        # An integral float (1.0, 1E3, -0.0) would come back as an integer.
        return math.isfinite(value) and not value.is_integer() and abs(value) >= _MIN_FLOAT
    return False


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded: JSON may contain lone surrogates, UTF-8 may not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_partition_key(text: str) -> bool:
    """Whether DynamoDB accepts the text as a partition key."""
    return is_unicode(text) and 0 < len(text.encode()) <= MAX_KEY_BYTES


def encodable(text: str) -> str:
    """The text in a form that UTF-8 can encode: lone surrogates are replaced by their escapes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _is_name(key: str) -> bool:
    return bool(key) and is_unicode(key) and len(key.encode()) <= _MAX_NAME_BYTES


def escaped(key: str) -> str:
    """A member's name as it is written in a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def restored(fields: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The inverse of `storable` for several fields: converts numbers back to int and float, and parses JSON texts."""
    values = {name: plain(value) for name, value in fields.items()}
    for path in paths:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
        container: Any = values
        for part in parents:
            container = container[int(part) if isinstance(container, list) else part]
        key = int(last) if isinstance(container, list) else last
        container[key] = of_text(container[key])
    return values


def plain(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """A copy with every Decimal converted to int or float."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def plain_number(value: object) -> int | float:
    """A Decimal as int or float. Raises TypeError for any other value, as a `default` of JSON encoders has to."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON value")
    return int(value) if value == value.to_integral_value() else float(value)


def item_size(item: dict[str, Any]) -> int:
    """The size of an item in bytes by DynamoDB's rules: attribute names and values, with an upper bound for numbers."""
    total = 0
    for name, value in item.items():
        size = kept_size(value)
        total += len(name.encode()) + (size if size >= 0 else _size(value))
    return total


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, dict):
        return 3 + len(value) + item_size(value)
    if isinstance(value, list):
        return 3 + len(value) + sum(map(_size, value))
    # One byte for two digits, plus one byte. Counting sign, point and exponent as digits makes this an upper bound.
    return (len(str(value)) + 1) // 2 + 1
