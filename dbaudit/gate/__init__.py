"""Every remedy is tried in the very words in which the report prints it, before it is advised.

The gate stands between those who propose (checks, advisor, fixes of queries, a project's own checks) and the report.
What works is *verified*; what does not is no advice, though its finding stays; what could not be tried says so.
"""
