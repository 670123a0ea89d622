"""Rights of roles: who has them, what needs them, and statements that give and take them."""
