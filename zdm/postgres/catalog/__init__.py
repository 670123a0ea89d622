"""The catalog: read into a Snapshot, and a Snapshot built again; changes nothing else."""
