"""What holds of single fields of a value, whatever the value is."""
