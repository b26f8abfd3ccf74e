"""Exports the public names of a package, importing each from its module on first use.

A package can thus list its public names, while `aitrail --help` and the function's cold start import only the modules
they use. Source: PEP 562.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def exports(package: str, **names: Iterable[str]) -> tuple[list[str], Callable[[str], Any]]:
    """`__all__` and `__getattr__` of a package; `names` maps each module to its names, or to none to export itself."""
    modules = {name: module for module, defined in names.items() for name in defined}
    public = sorted([*modules, *(module for module, defined in names.items() if not defined)])

    def attribute(name: str) -> Any:  # noqa: ANN401 (a module's __getattr__)
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return public, attribute
