"""What aitrail costs, measured on this machine: `make bench`. Each figure is a ratio of runs that took turns."""
