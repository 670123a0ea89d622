"""Partitions: their bounds as CHECKs, and what keeps a table from becoming one."""
