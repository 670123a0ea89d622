"""Backfills side by side: zdm's engine, one UPDATE, a simple loop, pgroll's way.

    python -m benchmarks.backfill [--quick] [--rows N] [--pgroll PROGRAM]

Every engine gets a fresh copy of the table with a checkpoint before it, and all of a round
run one after the other on the same server, so their ratios mean something where their rows
per second do not. Each result is written at once: run the same command again after
an interruption, and what is there is not measured again.
"""
