"""The command line: `python -m lab_engine`, or `infralab` once installed."""

from __future__ import annotations

import sys

from lab_engine.cli.frame import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
