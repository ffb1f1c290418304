"""hybrid-install: `poetry install` at uv's speed.

There is no public Python API: the command line is the interface.
"""

__version__ = "0.1.0"
