"""What the project's models, migrations and admin declare, read from the app registry."""
