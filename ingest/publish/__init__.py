"""What becomes of what was loaded: dbt's build, metrics, docs, and the alert when it fails."""
