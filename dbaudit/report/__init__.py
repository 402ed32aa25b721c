"""Rendering: a report goes in, text comes out. One file a format; none knows a check or touches a database."""
