"""Exports the public names of a package, importing each from its module on first use.

A package can declare what it offers, while `aitrail --help` and the function's cold start load only what they use.
Source: PEP 562.
"""

TYPE_CHECKING = False  # see aitrail/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def exports(
    package: str, **names: "Iterable[str]"
) -> "tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]":
    """`__all__`, `__getattr__` and `__dir__` of a package.

    `names` are the public names of each module; a module with none is public itself.
    """
    modules = {name: module for module, defined in names.items() for name in defined}
    public = sorted([*modules, *(module for module, defined in names.items() if not defined)])

    def attribute(name: str) -> "Any":  # noqa: ANN401 (a module's hook)
        from importlib import import_module  # noqa: PLC0415 (see aitrail/__init__.py)

        if name in modules:
            return getattr(import_module(f"{package}.{modules[name]}"), name)
        if name in public:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return public, attribute, lambda: public
