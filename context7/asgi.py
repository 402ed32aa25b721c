"""ASGI entry point of the Context7 reference ERP."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "context7.settings")

application = get_asgi_application()
