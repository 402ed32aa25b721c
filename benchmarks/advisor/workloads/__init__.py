"""The workloads: schemas, data and statements."""
