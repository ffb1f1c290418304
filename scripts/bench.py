#!/usr/bin/env python3
"""How fast hybrid-install is beside every other way to install a Poetry lock: docs/benchmarks.md.

To be run by a Python that has this project's dependencies: build/test-env/bin/python, after
scripts/test.sh. As a module: python -m scripts.bench.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here), str(here.parent / "src")]
    from benchmark.cli import main

    sys.exit(main())
