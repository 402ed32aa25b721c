"""How a database is held: opened, read-only, under timeouts, rolled back, its errors in words."""
