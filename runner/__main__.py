"""The command `idp-steps`: how its process begins, before anything is loaded that takes time."""

from __future__ import annotations

from common.contract import signals


def main() -> int:
    """Run the command that this process was started with. Nobody else of its user may read the secrets it will hold."""
    signals.end_at_once()
    from common.contract import process
    from runner import cli

    process.close_to_others()
    return cli.main()


if __name__ == "__main__":
    raise SystemExit(main())
