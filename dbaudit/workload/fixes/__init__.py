"""Changes to the project's queries that were run before they are advised."""
