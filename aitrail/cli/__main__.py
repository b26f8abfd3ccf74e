"""Makes `python -m aitrail.cli` the same as `aitrail`."""

from aitrail.cli.main import main

main()
