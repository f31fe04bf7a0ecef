"""The command `mypizza`: every step of the pipeline, for people and for schedulers.

Each command is idempotent, says in one sentence what is wrong, and answers with its exit code:
0 when all is well, 1 when something needs a person, 130 after Ctrl+C.
"""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""The exit code of what Ctrl+C has ended, as shells know it."""


def main() -> None:
    """Run the command line."""
    try:
        # Imported here for the start-up time: Ctrl+C during it is answered in one sentence, too.
        from ingest.cli.app import run

        run()
    except KeyboardInterrupt:
        stopped()


def stopped() -> None:
    """Say that Ctrl+C has ended the command, and end the process."""
    print(
        "Stopped by Ctrl+C: what was complete stays, the rest is done again by the next run.",
        file=sys.stderr,
    )
    sys.exit(INTERRUPTED)
