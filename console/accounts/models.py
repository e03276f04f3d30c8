"""Accounts and the access log."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from simple_history.models import HistoricalRecords

from console.access.roles import ROLE_WORDS, Role


class AccountManager(BaseUserManager):
    """How accounts are found by name."""


class Account(AbstractBaseUser):
    """Somebody who may come in.

    A manager has a `manager_id` of the operator's, a head a `branch_id`. No account is deleted:
    who left is disabled.
    """

    name = models.CharField(max_length=150, unique=True)
    role = models.CharField(
        max_length=16, choices=[(role.value, role.value) for role in Role]
    )
    manager_id = models.CharField(max_length=200, blank=True)
    branch_id = models.CharField(max_length=200, blank=True)
    # Where notices go; nobody without one is told anything by mail.
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=True)
    # Part of every session's fingerprint: a new number ends all sessions of the account.
    session_round = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    objects = AccountManager()
    history = HistoricalRecords(excluded_fields=["password", "last_login"])

    USERNAME_FIELD = "name"
    REQUIRED_FIELDS = ("role",)

    def get_session_auth_hash(self) -> str:
        """Return the fingerprint that a session must bear to be this account's."""
        return f"{super().get_session_auth_hash()}.{self.session_round}"

    @property
    def known_role(self) -> Role:
        """What the account may do."""
        return Role(self.role)

    @property
    def role_words(self) -> object:
        """The role in the language of the page."""
        return ROLE_WORDS[self.known_role]


class AccessEntry(models.Model):
    """Who opened what, from where, and whether it was refused; added to, never changed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.CharField(max_length=150, db_index=True)
    action = models.CharField(max_length=32)
    subject = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=45, blank=True)
    is_refused = models.BooleanField(default=False)

    class Meta:
        """The log is asked for one person's last hour at every number that is shown."""

        indexes = (
            models.Index(fields=("actor", "action", "at"), name="access_by_actor"),
        )

    def save(self, *args: Any, **options: Any) -> None:
        """Write a new entry; raise TypeError for one that is written already."""
        if self.pk is not None:
            raise TypeError("an entry of the access log is never changed")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        """Refuse."""
        raise TypeError("an entry of the access log is never deleted")
