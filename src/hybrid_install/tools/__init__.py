"""uv and Poetry: their argument lists and environments as values, their exit codes as errors."""
