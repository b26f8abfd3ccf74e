"""The `aitrail` command: `main` defines the group, `commands` has one module for each command."""
