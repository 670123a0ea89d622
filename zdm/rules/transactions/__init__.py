"""What a transaction may not hold, or must."""
