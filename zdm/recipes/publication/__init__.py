"""Publications of logical replication: may know no column recipes."""
