"""A run as logs, metrics, traces and health checks show it."""
