"""Makes `python -m notifier` the same as the `notifier` command."""

from notifier.cli.main import main

main()
