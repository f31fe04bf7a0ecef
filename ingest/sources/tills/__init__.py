"""The databases of till systems: a system is declared in `systems/<system>.toml`."""
