"""What schema.apply says, held against real servers."""
