"""A piece of work in this process, recorded and examined: `dbaudit.capture()`, the toolbar, pytest."""
