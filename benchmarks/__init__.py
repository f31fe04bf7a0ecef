"""Speed and memory of loading and building, as ratios within one run: `make bench`."""
