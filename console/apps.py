"""The console as Django knows it."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The one app of the office."""

    name = "console"
    label = "console"
    verbose_name = "Retention office"
