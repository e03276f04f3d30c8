"""The accounts as Django knows them."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts stand apart from the office, so that the pipeline opens the office without them."""

    name = "console.accounts"
    label = "accounts"
    verbose_name = "Accounts of the console"
