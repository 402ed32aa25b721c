"""Where measured queries come from: one source a file."""
