"""What `zdm check` and other linters flag, beside what PostgreSQL does."""
