"""Believable, repeatable data for the Context7 reference ERP, from a demonstration up to millions of rows."""
