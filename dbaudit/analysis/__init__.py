"""Questions that several checks ask: when indexes are equal, what refers to what, how far integers reach.

Pure, and no check itself.
"""
