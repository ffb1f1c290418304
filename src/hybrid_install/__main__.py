"""`python -m hybrid_install`."""

from hybrid_install.cli import main

main()
