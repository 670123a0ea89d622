"""The driver for Kubernetes; only `client` imports its client library."""
