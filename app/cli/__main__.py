"""``python -m app.cli`` is the ``headwater`` command."""

from app.cli.main import main

main()
