"""From a train to a plan: classify, schedule, invariants; pure, it asks no server."""
