"""The `aitrail` command: `main` is the group, `commands` has one module for each command."""
