"""How the server is set up, and how Django connects to it."""
