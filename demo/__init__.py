"""The whole pipeline on one machine: a local AWS, the deployed stack and sample log files. `make demo` runs it."""
