"""The `aitrail` command: one module per command, shared options and output formats beside them."""
