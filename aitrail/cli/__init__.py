"""The `aitrail` command: `main` starts it, `group` defines it, `commands` has one module for each command."""
