"""What follows from userIdentity, derived once for all records of a session that come soon after each other."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

_T = TypeVar("_T")

_ENCODER: Final = msgspec.msgpack.Encoder()
# Most identities have less than 1 KB; what others make up must not fill the memory.
_MOST_BYTES: Final = 2000
_MOST_IDENTITIES: Final = 2000


class KnownIdentities(Generic[_T]):
    """What `derive` makes of records, known by their userIdentity, on which alone it has to depend."""

    def __init__(self, derive: Callable[[dict[str, Any]], _T]) -> None:
        self._derive = derive
        self._known: dict[bytes, _T] = {}

    def of(self, record: dict[str, Any]) -> _T:
        """What was derived from a record; the same object for several records, which nobody may change."""
        try:
            key = _ENCODER.encode(record.get("userIdentity"))
        except (OverflowError, UnicodeError, RecursionError):  # JSON has larger integers, lone surrogates, any depth
            return self._derive(record)
        known = self._known.get(key)
        if known is None:
            known = self._derive(record)
            if len(key) <= _MOST_BYTES:
                if len(self._known) >= _MOST_IDENTITIES:
                    self._known.clear()
                self._known[key] = known
        return known
