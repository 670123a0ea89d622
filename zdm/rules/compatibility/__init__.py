"""What breaks an application version that still runs."""
