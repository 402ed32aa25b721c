"""Schema and statistics as a database's own catalog has them, a reader for each vendor."""
