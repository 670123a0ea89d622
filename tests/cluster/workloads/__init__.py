"""What tests put on the cluster: images, objects, rights, traffic, orders that hold a run."""
