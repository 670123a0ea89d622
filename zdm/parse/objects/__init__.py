"""Statements about objects that are no tables and about rights: may know no schema."""
