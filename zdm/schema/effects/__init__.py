"""What each kind of statement leaves in the schema; only `schema.apply` asks for it."""
