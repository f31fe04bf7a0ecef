"""The source systems: a folder for each kind, and `registry.py`, which lists them all."""
