"""The forms of coming in."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _


class LogInForm(AuthenticationForm):
    """Name and password."""

    error_messages = {  # noqa: RUF012 - as Django has it
        "invalid_login": _("Name or password is wrong."),
        "inactive": _("Name or password is wrong."),
    }

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""
        self.fields["username"].label = _("Name")
        self.fields["password"].label = _("Password")


class NewPasswordForm(PasswordChangeForm):
    """The old password, and a new one twice."""

    error_messages = {  # noqa: RUF012 - as Django has it
        **PasswordChangeForm.error_messages,
        "password_incorrect": _("The old password is wrong."),
    }

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""
        self.fields["old_password"].label = _("Old password")
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password2"].label = _("New password again")


class CodeForm(forms.Form):
    """The six digits that an authenticator app shows."""

    code = forms.RegexField(
        r"^\d{6}$",
        label=_("Six digits from the app"),
        error_messages={"invalid": _("A code has six digits.")},
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "6",
            }
        ),
    )

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""
