"""Models and migrations brought level with a database whose indexes were changed."""
