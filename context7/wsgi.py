"""WSGI entry point of the Context7 reference ERP."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "context7.settings")

application = get_wsgi_application()
