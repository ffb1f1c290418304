"""The target on disk: which environment, which interpreter, what is installed."""
