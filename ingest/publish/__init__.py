"""What follows the loads: dbt's build, metrics, docs, and the alert on failure."""
