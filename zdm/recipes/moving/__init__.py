"""Columns that move to another table, kept the same in both until the contract."""
