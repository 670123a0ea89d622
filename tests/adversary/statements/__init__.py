"""What a migration of a random world may say."""
