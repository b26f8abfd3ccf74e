"""Makes `python -m aitrail.cli` the same as `aitrail`."""

from aitrail.cli.main import main

if __name__ == "__main__":  # processes that read log files import the main module
    main()
