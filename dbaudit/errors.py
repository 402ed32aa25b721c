"""The one way an audit refuses its input."""


class AuditError(Exception):
    """A usage or configuration error: one sentence that names the object and the remedy. Exit status 2."""
