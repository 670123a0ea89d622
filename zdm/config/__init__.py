"""Settings of a project, checked where they are read; no stage below depends on a file."""
