"""Django finds the command below this package."""
