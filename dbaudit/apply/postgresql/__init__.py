"""Indexes on a live PostgreSQL server: one job a module, ``executor`` puts them together."""
