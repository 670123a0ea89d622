"""The ways in which a change can be made, and an explanation of a plan: values only."""
