"""The recorder: each statement with who asked for it, and what was read of its rows."""
