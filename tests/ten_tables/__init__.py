"""A bike rental of ten tables: its releases are planned and run beside both of its versions."""
