"""The configuration file: defaults of options, names of teams and networks, and saved questions.

In: a TOML file; out: its checked content, or an error that names the place in the file. It knows no command.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.config.entry import ConfigError
    from aitrail.config.reading import DEFAULTS, Config
    from aitrail.config.saved import SavedQuestion
    from aitrail.config.usual import price_path, usual_path
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        entry=("ConfigError",),
        reading=("Config", "DEFAULTS"),
        saved=("SavedQuestion",),
        usual=("price_path", "usual_path"),
    )
