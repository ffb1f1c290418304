"""The requirements map as files: for uv, pip and whoever else, and for our own later run."""
