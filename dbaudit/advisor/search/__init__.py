"""Which indexes to build: the set under which the workload costs least, within a budget of bytes.

Statements are planned with a few sets each. A plan's cost holds for every set that has the indexes it used (and no
more than were present), so the known plans of a statement are its *configurations*: sets of indexes, each with what the
statement costs by them. The search runs over configurations alone, and asks the planner again only about what it
found best.
"""
