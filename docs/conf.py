"""How Sphinx builds these pages: `make docs`."""

project = "dbaudit"
author = "dbaudit contributors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "dbaudit"
exclude_patterns = ["build"]
myst_heading_anchors = 3
nitpicky = True
suppress_warnings = ["myst.header"]
