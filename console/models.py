"""What the office keeps.

Nothing here is ever overwritten or deleted: outcomes are added, marks are lifted by an answer.
"""

from __future__ import annotations

from functools import partial

from django.db import models

from pipelines.sources.office.instalments import Instalment, gather_later


class Release(models.Model):
    """A released month whose orders are here: the version that was sealed, and their number."""

    month = models.CharField(max_length=7, primary_key=True)
    version = models.IntegerField()
    manifest = models.CharField(max_length=64)
    order_count = models.IntegerField()
    imported_at = models.DateTimeField(auto_now_add=True)


class Order(models.Model):
    """A released order (treated, never the hold-out); by `phone_digest` a changed phone is seen."""

    order_id = models.CharField(max_length=40, primary_key=True)
    release = models.ForeignKey(
        Release, models.PROTECT, db_column="month", related_name="orders"
    )
    list = models.CharField(max_length=64)
    purpose = models.CharField(max_length=16)
    customer_id = models.CharField(max_length=200, db_index=True)
    service_id = models.CharField(max_length=200, null=True)
    branch_id = models.CharField(max_length=200, null=True)
    manager_id = models.CharField(max_length=200, null=True, db_index=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    dispatched_on = models.DateField()
    due_on = models.DateField()
    phone_digest = models.CharField(max_length=64, null=True)
    # Within its list; of orders that came before it was kept there is none.
    rank = models.IntegerField(null=True)


class OrderChange(models.Model):
    """An order given to another manager, or taken back; of several the last stands.

    The sealed order stays as it was.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="changes")
    kind = models.CharField(
        max_length=16,
        choices=(("reassigned", "reassigned"), ("withdrawn", "withdrawn")),
    )
    manager_id = models.CharField(max_length=200, null=True)
    why = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)


class ListDecision(models.Model):
    """What a head said of a list of the branch: approved, or returned and why.

    Of several the last stands. It is of one version of the month: another one has other orders.
    """

    month = models.CharField(max_length=7)
    version = models.IntegerField()
    branch_id = models.CharField(max_length=200)
    list = models.CharField(max_length=64)
    kind = models.CharField(
        max_length=16, choices=(("approved", "approved"), ("returned", "returned"))
    )
    why = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Decisions are looked for by their month and branch."""

        indexes = (models.Index(fields=("month", "branch_id"), name="decisions_of"),)


class PlacesRequest(models.Model):
    """A head asks for more or fewer places for a manager, in figures of a month, and says why.

    The places themselves stand in the staff file that the operator delivers.
    """

    month = models.CharField(max_length=7)
    branch_id = models.CharField(max_length=200, db_index=True)
    manager_id = models.CharField(max_length=200)
    places_now = models.IntegerField()
    places_wanted = models.IntegerField()
    worth_amount = models.DecimalField(max_digits=18, decimal_places=2)
    why = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)


class PlacesAnswer(models.Model):
    """What was said of a request for places, by whom and why; a request is answered once."""

    request = models.OneToOneField(PlacesRequest, models.PROTECT, related_name="answer")
    kind = models.CharField(
        max_length=16, choices=(("granted", "granted"), ("refused", "refused"))
    )
    why = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)


class OrderState(models.Model):
    """An order as it stands by now: who has it, what was answered last, which day counts.

    The database makes each row anew whenever its order is given, answered or undone, so that a list
    of ten thousand is read by one index. Nobody else writes here.
    """

    order = models.OneToOneField(
        Order, models.CASCADE, primary_key=True, related_name="state"
    )
    month = models.CharField(max_length=7)
    list = models.CharField(max_length=64)
    customer_id = models.CharField(max_length=200)
    branch_id = models.CharField(max_length=200, null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    due_on = models.DateField()
    rank = models.IntegerField()
    holder_id = models.CharField(max_length=200, null=True)
    last_kind = models.CharField(max_length=16, null=True)
    outcome = models.CharField(max_length=32, null=True)
    promised_on = models.DateField(null=True)
    promised_on_2 = models.DateField(null=True)
    promised_on_3 = models.DateField(null=True)
    day = models.DateField()  # that was promised first, else the day it is due

    class Meta:
        """A manager's list, and a branch's."""

        indexes = (
            models.Index(fields=("holder_id", "month"), name="state_by_holder"),
            models.Index(fields=("branch_id", "month"), name="state_by_branch"),
        )


class Intake(models.Model):
    """A file that came back: what it was and what became of its rows."""

    file = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=150)
    accepted = models.IntegerField()
    unchanged = models.IntegerField()
    refused = models.IntegerField()
    unfilled = models.IntegerField()

    class Meta:
        """What somebody answered today is counted on every page of own figures."""

        indexes = (
            models.Index(fields=("actor", "received_at"), name="intake_by_actor"),
        )


class Answer(models.Model):
    """One outcome of an order.

    Of several the one with the later contact stands, of one day the one that came later.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="answers")
    intake = models.ForeignKey(Intake, models.PROTECT, related_name="answers")
    line = models.BigIntegerField()
    outcome = models.CharField(max_length=32)
    contacted_on = models.DateField(null=True)
    promised_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on = models.DateField(null=True)
    promised_amount_2 = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on_2 = models.DateField(null=True)
    promised_amount_3 = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on_3 = models.DateField(null=True)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        """An answer given twice is one answer."""

        constraints = (
            models.UniqueConstraint(fields=("order", "digest"), name="an_answer_once"),
        )

    @property
    def later(self) -> tuple[Instalment, ...]:
        """The instalments behind the first of what is promised."""
        return gather_later(partial(getattr, self))


class HeldAnswer(models.Model):
    """What somebody has just answered in the console: an answer in ten seconds, unless undone.

    Of an order there is one at most: the next one takes its place.
    """

    order = models.OneToOneField(Order, models.PROTECT, related_name="held")
    actor = models.CharField(max_length=150)
    outcome = models.CharField(max_length=32)
    contacted_on = models.DateField(null=True)
    promised_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on = models.DateField(null=True)
    promised_amount_2 = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on_2 = models.DateField(null=True)
    promised_amount_3 = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    promised_on_3 = models.DateField(null=True)
    note = models.TextField(blank=True)
    due_at = models.DateTimeField(db_index=True)

    @property
    def later(self) -> tuple[Instalment, ...]:
        """The instalments behind the first of what is promised."""
        return gather_later(partial(getattr, self))


class ContactMark(models.Model):
    """What an answer says of the customer: not to be contacted, or the number is another's."""

    customer_id = models.CharField(max_length=200, db_index=True)
    kind = models.CharField(max_length=32)
    since_on = models.DateField()
    phone_digest = models.CharField(max_length=64, null=True)
    answer = models.OneToOneField(Answer, models.PROTECT, related_name="mark")
    lifted_by = models.ForeignKey(
        Answer, models.PROTECT, null=True, related_name="lifted"
    )


class AuditEntry(models.Model):
    """Who did what to which month, order or file; added to, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=255)
    detail = models.JSONField(default=dict)


class Errand(models.Model):
    """Something asked for on a page that a page cannot wait for (`console/errands/`).

    `said` is what came of it: a version, or a message key with its facts.
    """

    kind = models.CharField(max_length=16)
    month = models.CharField(max_length=7, blank=True)
    version = models.IntegerField(null=True)
    subject = models.CharField(max_length=200, blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=16, default="waiting", db_index=True)
    tries = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(auto_now_add=True)
    step = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    said = models.JSONField(default=dict)
    # Of a release: whether Airflow, where it is asked too, was told.
    is_told = models.BooleanField(default=False)


class ConsentEntry(models.Model):
    """What a customer wants of the office; of a kind the last entry stands.

    `kind` is `do_not_contact` (no list at all) or `opted_out` (no list made by a score). An entry
    that takes an objection back also ends the marks of answers up to `last_mark`.
    """

    customer_id = models.CharField(max_length=200, db_index=True)
    kind = models.CharField(max_length=32)
    is_objection = models.BooleanField()
    since_on = models.DateField()
    last_mark = models.BigIntegerField(default=0)
    why = models.TextField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
