#!/usr/bin/env python3
"""How fast is hybrid-install beside every other way to install a Poetry lock? See docs/benchmarks.md.

scripts/bench.py --help
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from benchmark.cli import main

    sys.exit(main())
