"""What would stop a run, asked of the database; changes nothing."""
