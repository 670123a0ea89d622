"""Changes of what is sent to the subscribers of logical replication."""
