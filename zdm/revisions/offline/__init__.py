"""Revisions as SQL without a server: their plain `op` calls; runs no code of the revisions."""
