"""What every Plan must keep; a failure is a bug or an edited file."""
