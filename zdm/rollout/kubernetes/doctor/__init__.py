"""The checks of `zdm doctor` in the cluster; they change nothing."""
