"""The dump of a warehouse that an earlier release has made."""
