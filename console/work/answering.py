"""What a manager may answer to an order, and what is asked for besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from console.models import Order
from console.returns import judge_row
from pipelines.catalogue.outputs import list_outcomes
from pipelines.catalogue.spec import load_named_specs
from pipelines.core.outcomes import Outcome, load_outcomes
from pipelines.returns.corrected import describe_refusal
from pipelines.returns.filled import NOTE_LIMIT, ReturnedRow, find_instalment_fault
from pipelines.sources.office.instalments import (
    FIRST_AMOUNT,
    FIRST_DAY,
    LATER,
    gather_later,
)
from pipelines.text.texts import load_labels


@dataclass(frozen=True)
class Choice:
    """An outcome as a button: its words, and the key that presses it."""

    code: str
    words: str
    key: str
    is_success: bool
    needs_more: bool


def list_choices(order: Order, language: str) -> list[Choice]:
    """Return the outcomes that an order's list takes, in the order of the drop-down."""
    labels = load_labels(language)
    choices = []
    for place, outcome in enumerate(_list_taken(order.list), start=1):
        choices.append(
            Choice(
                code=outcome.code,
                words=labels[f"outcome.{outcome.code}"],
                key=str(place) if place <= 9 else "",
                is_success=outcome.is_success,
                needs_more=outcome.needs_date or outcome.needs_amount,
            )
        )
    return choices


def _list_taken(list_name: str) -> list[Outcome]:
    """The outcomes that a list takes; all of them for a list that is no more."""
    known = load_outcomes()
    spec = load_named_specs("dispatch").get(list_name)
    codes = known if spec is None else list_outcomes(spec)
    return [known[code] for code in codes]


class DayInput(forms.DateInput):
    """A day as browsers pick it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _make_amount(label: object, required: bool = True) -> forms.DecimalField:
    """The field of an amount that is promised."""
    return forms.DecimalField(
        label=label,
        required=required,
        max_digits=14,
        decimal_places=2,
        min_value=Decimal("0.01"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )


class AnswerForm(forms.Form):
    """An answer: an outcome, the day of the contact, a note; a promise only where it is one.

    A promise may have a second and a third instalment.
    """

    contacted_on = forms.DateField(
        label=_("Contacted on"), widget=DayInput, required=False
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    promised_on = forms.DateField(label=_("Promised for"), widget=DayInput)
    promised_amount = _make_amount(_("Promised amount (yuan)"))
    promised_on_2 = forms.DateField(
        label=_("Second instalment for"), widget=DayInput, required=False
    )
    promised_amount_2 = _make_amount(_("Second amount (yuan)"), required=False)
    promised_on_3 = forms.DateField(
        label=_("Third instalment for"), widget=DayInput, required=False
    )
    promised_amount_3 = _make_amount(_("Third amount (yuan)"), required=False)

    def __init__(self, outcome: Outcome | None, *args: object, **more: object) -> None:
        super().__init__(*args, **more)
        self.label_suffix = ""
        unasked = []
        if outcome is None or not outcome.needs_date:
            unasked += [FIRST_DAY, *(names.day for names in LATER)]
        if outcome is None or not outcome.needs_amount:
            unasked += [FIRST_AMOUNT, *(names.amount for names in LATER)]
        for name in unasked:
            del self.fields[name]


def draft_answer(order: Order, outcome: Outcome, form: AnswerForm) -> ReturnedRow:
    """Return a sound form as a row that came back, judged as any other."""
    said = form.cleaned_data
    row = ReturnedRow(
        line=0,
        cells={},
        order_id=order.pk,
        outcome=outcome.code,
        contacted_on=said["contacted_on"],
        promised_amount=said.get("promised_amount"),
        promised_on=said.get("promised_on"),
        later=gather_later(said.get),
        note=" ".join(said["note"].split()),
        refusal=find_instalment_fault(said.get),
    )
    return judge_row(row, order)


def add_refusal(form: AnswerForm, row: ReturnedRow, language: str) -> None:
    """Say at its field why an answer is not taken."""
    refusal = row.refusal
    assert refusal is not None  # only refused rows come here
    column = refusal.column if refusal.column in form.fields else None
    form.add_error(column, describe_refusal(refusal, language))


def suggest_values(order: Order, today: date) -> dict[str, object]:
    """Return what a form begins with: today, and the amount of the order."""
    return {"contacted_on": today, "promised_amount": order.amount}
