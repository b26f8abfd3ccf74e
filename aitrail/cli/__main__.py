"""`python -m aitrail.cli` is `aitrail`."""

from aitrail.cli.main import main

main()
