"""Random worlds that nothing was written for: schemas, roles, trains and writers."""
