"""What `zdm doctor` asks of the cluster; changes nothing."""
