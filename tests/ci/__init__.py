"""What people put into their CI: the action, the template, the hook, the examples."""
