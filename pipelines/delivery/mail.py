"""E-mail as a channel: a letter a receiver, the same `Message-ID` however often it is sent."""

from __future__ import annotations

import mimetypes
import smtplib
import ssl
from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote

from pipelines.delivery.config import SmtpChannel, read_secret, trusted
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected
from pipelines.store.outbox import Letter, instant
from pipelines.text.texts import label

_TOO_LARGE, _CLOSING = 552, 421
_WORD, _PIECE = 10, 4  # characters that stay within a line of 78, four bytes each at most


class MailSender:
    """Hands mails to a server, over one connection as long as it holds."""

    def __init__(self, channel: SmtpChannel, language: str) -> None:
        self.channel = channel
        self.language = language
        self.server: smtplib.SMTP | None = None

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Hand the letter to the server; what the server said is kept as a code, its text quotes addresses."""
        mail = write_mail(letter, files, self.channel.sender, self.language)
        try:
            server = self.server or self._connect()
            server.send_message(mail, self.channel.sender, [letter.receiver])
        except NotSent:
            self.close()
            raise
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[letter.receiver][0]) from None
        except smtplib.SMTPSenderRefused as error:
            raise _refused(error.smtp_code, is_sender=True) from None
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code) from None
        except (
            OSError,
            ValueError,
        ) as error:  # every other SMTPException is an OSError; ValueError: no SMTP at all
            self.close()
            raise Later("smtp_broken", is_away=True, error=type(error).__name__) from None

    def close(self) -> None:
        """Let the connection go, without waiting for a server that may hang."""
        if self.server is not None:
            self.server.close()
        self.server = None

    def _connect(self) -> smtplib.SMTP:
        channel, trust = self.channel, trusted(self.channel.ca_file)
        try:
            if channel.security == "tls":
                self.server = smtplib.SMTP_SSL(
                    channel.host, channel.port, timeout=channel.timeout, context=trust
                )
            else:
                self.server = smtplib.SMTP(channel.host, channel.port, timeout=channel.timeout)
            if channel.security == "starttls":
                self.server.starttls(context=trust)
        except ssl.SSLError as error:
            raise Closed("tls", host=channel.host, error=type(error).__name__) from None
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPHeloError):
            raise Closed("no_starttls", host=channel.host) from None
        self._log_in(self.server)
        return self.server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.channel.user is None or self.channel.password_file is None:
            return
        password = read_secret(self.channel.password_file)
        try:
            server.login(self.channel.user, password)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code // 100 == 4:
                raise Later("smtp_code", is_away=True, code=error.smtp_code) from None
            raise Closed("login", host=self.channel.host) from None
        except (smtplib.SMTPNotSupportedError, UnicodeEncodeError):
            raise Closed("login", host=self.channel.host) from None


def _refused(code: int, is_sender: bool = False) -> NotSent:
    """4xx asks to come again, 5xx does not; a sender that is refused is refused with every letter."""
    if code // 100 == 4:
        return Later("smtp_code", is_away=code == _CLOSING, code=code)
    if is_sender and code != _TOO_LARGE:
        return Closed("smtp_sender", code=code)
    return Rejected("smtp_code", code=code)


def write_mail(letter: Letter, files: list[Path], sender: str, language: str) -> EmailMessage:
    """Write the mail of a letter; subject and text hold no customer's data, the attachments do."""
    mail = EmailMessage(policy=SMTP.clone(refold_source="none"))  # names of files are folded here
    mail["From"], mail["To"] = sender, letter.receiver
    mail["Subject"] = label(language, "mail.subject", occasion=letter.occasion)
    mail["Date"] = instant()
    mail["Message-ID"] = f"<{letter.id}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    names = "\n".join(file.name for file in files)
    mail.set_content(
        label(language, "mail.text", occasion=letter.occasion, version=letter.version, files=names)
    )
    for file in files:
        main, _, sub = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").partition(
            "/"
        )
        mail.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
        if not file.name.isascii():
            *_, part = mail.iter_attachments()
            _name_twice(part, f"{main}/{sub}", file.name)
    return mail


def _name_twice(part: EmailMessage, kind: str, name: str) -> None:
    """Name an attachment in both forms that are in use: RFC 2231's, and RFC 2047's, which many clients read alone."""
    words = "\n  ".join(_encoded_words(name))
    standard = ";\n ".join(_extended_parameters(name))
    del part["Content-Type"], part["Content-Disposition"]
    part.set_raw("Content-Type", f'{kind};\n name="{words}"')
    part.set_raw("Content-Disposition", f'attachment;\n {standard};\n filename="{words}"')


def _encoded_words(name: str) -> list[str]:
    """Write a text as RFC 2047's encoded words; no character is cut in two."""
    pieces = [name[start : start + _WORD] for start in range(0, len(name), _WORD)]
    return [f"=?utf-8?B?{b64encode(piece.encode()).decode()}?=" for piece in pieces]


def _extended_parameters(name: str) -> list[str]:
    """Write a text as RFC 2231's parameter, in numbered pieces where it is long."""
    pieces = [quote(name[start : start + _PIECE], safe="") for start in range(0, len(name), _PIECE)]
    if len(pieces) == 1:
        return [f"filename*=utf-8''{pieces[0]}"]
    marks = ["utf-8''", *[""] * (len(pieces) - 1)]
    return [
        f"filename*{place}*={mark}{piece}"
        for place, (mark, piece) in enumerate(zip(marks, pieces, strict=True))
    ]
