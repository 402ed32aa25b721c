"""What a planner says of indexes that do not exist, by vendor: the only part of the advisor that asks a database."""
