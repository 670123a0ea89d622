"""One file a command: read arguments, call one function, print; none imports another."""
