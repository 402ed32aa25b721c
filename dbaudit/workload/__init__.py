"""Workload: what the project asks of its database, from five sources, measured as `QueryRun` values."""
