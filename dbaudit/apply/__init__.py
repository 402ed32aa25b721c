"""From recommendations to the database: a plan that is shown first, a build that survives being killed, and its undo.

``plan`` is pure: recommendations in, `Step`s out. ``running`` carries steps out on one vendor, ``journal`` remembers
them, ``undoing`` takes them back, ``proof`` times the queries before and after.
"""
