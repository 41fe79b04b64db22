"""How fast the kit is beside a peer that does the same, in one run. `python -m benchmarks`."""
