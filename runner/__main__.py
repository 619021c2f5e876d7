"""The command `idp-steps`: how its process begins, before anything is loaded that takes time."""

from __future__ import annotations

import sys
from typing import NoReturn

from common.contract import signals

INSTALL = "pip install 'idp-steps[runner]'"


def main() -> NoReturn:
    """Run the command that this process was started with, and end it.

    Nobody else of its user may read the secrets that it will hold.
    """
    signals.end_at_once()
    try:
        from common.contract import process
        from runner import cli
    except ModuleNotFoundError as error:
        sys.stderr.write(f"The library {error.name} is not installed. Install it with: {INSTALL}\n")
        sys.exit(2)
    process.close_to_others()
    process.end(cli.main())


if __name__ == "__main__":
    main()
