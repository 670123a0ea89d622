"""Everything that only `zdm demo` needs; nothing else may import it but its command."""
