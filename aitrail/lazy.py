"""The public names of a package, each imported from its module when somebody first asks for it.

So a package can say what it offers, and `aitrail --help` and the function's cold start still wait for nothing but what
they use. Source: PEP 562.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def exports(package: str, **names: Iterable[str]) -> tuple[list[str], Callable[[str], Any]]:
    """`__all__` and `__getattr__` of a package; `names` are those of each module, none if it is public itself."""
    modules = {name: module for module, defined in names.items() for name in defined}
    public = sorted([*modules, *(module for module, defined in names.items() if not defined)])

    def attribute(name: str) -> Any:  # noqa: ANN401 (a module's hook)
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return public, attribute
