"""The administrator without whom pretalx makes no event."""

from pretalx.person.models import User

User.objects.create_user(email="admin@example.org", name="admin", password="x", is_administrator=True)  # noqa: S106
