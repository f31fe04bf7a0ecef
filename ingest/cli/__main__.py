"""`python -m ingest.cli` is the command `mypizza`."""

from ingest.cli import main

main()
