"""Tables that programs fill and nothing empties unless somebody asks for it."""

from __future__ import annotations

from typing import Final, NamedTuple

from dbaudit.facts import Model

#: Rows that have been over for less are what a job that runs every week leaves.
DAYS: Final = 7
#: At most so many of them are counted.
LIMIT: Final = 100_000
#: What any subclass of ``AbstractBaseSession`` has.
SESSION_FIELDS: Final = frozenset({"session_key", "session_data", "expire_date"})


class Keeper(NamedTuple):
    """A model that collects rows. ``expires`` is the field that says until when a row matters, ``""`` where it has
    none; ``clears`` is what empties it."""

    expires: str
    clears: str


SESSIONS: Final = Keeper("expire_date", "manage.py clearsessions")
KEEPERS: Final = {
    "sessions.Session": SESSIONS,
    "oauth2_provider.AccessToken": Keeper("expires", "manage.py cleartokens"),
    "oauth2_provider.Grant": Keeper("expires", "manage.py cleartokens"),
    "token_blacklist.OutstandingToken": Keeper("expires_at", "manage.py flushexpiredtokens"),
    "admin.LogEntry": Keeper("", "LogEntry.objects.filter(action_time__lt=...).delete()"),
    "auditlog.LogEntry": Keeper("", "manage.py auditlogflush --before-date DATE"),
    "axes.AccessLog": Keeper("", "manage.py axes_reset_logs"),
    "django_apscheduler.DjangoJobExecution": Keeper("", "DjangoJobExecution.objects.delete_old_job_executions(...)"),
    "django_celery_results.TaskResult": Keeper("", "celery.backend_cleanup in the beat schedule, and result_expires"),
    "django_q.Success": Keeper("", "Q_CLUSTER['save_limit']"),
    "easyaudit.CRUDEvent": Keeper("", "CRUDEvent.objects.filter(datetime__lt=...).delete()"),
    "easyaudit.RequestEvent": Keeper("", "RequestEvent.objects.filter(datetime__lt=...).delete()"),
    "mailer.MessageLog": Keeper("", "manage.py purge_mail_log DAYS"),
    "post_office.Email": Keeper("", "manage.py cleanup_mail --days DAYS"),
    "reversion.Version": Keeper("", "manage.py deleterevisions --days=DAYS"),
    "silk.Request": Keeper("", "manage.py silk_clear_request_log"),
}


def keeper(model: Model) -> Keeper | None:
    """What is known of a model that collects rows, None for any other."""
    if model.label in KEEPERS:
        return KEEPERS[model.label]
    return SESSIONS if {field.name for field in model.fields} >= SESSION_FIELDS else None
