"""Django's settings.

The database is that of `./home` until `console.database.open_office` names another home.
"""

from __future__ import annotations

from pathlib import Path

from console.database import django_database
from pipelines.core.settings import load_settings

_OFFICE = load_settings()

SECRET_KEY = _OFFICE.secret_key.get_secret_value()
DEBUG = False
ALLOWED_HOSTS: list[str] = []
INSTALLED_APPS = ["console"]
DATABASES = {"default": django_database(_OFFICE.office_database(Path("home")))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None  # whoever starts us decides what is logged
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
