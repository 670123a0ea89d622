"""Kill an executor anywhere, let the next one go on, and compare the end with a calm run's."""
