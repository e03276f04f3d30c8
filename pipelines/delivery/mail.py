"""E-mail as a channel: a letter a receiver, the same `Message-ID` however often it is sent."""

from __future__ import annotations

import smtplib
import ssl
from pathlib import Path

from pipelines.delivery.config import SmtpChannel, load_trust, read_secret
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected
from pipelines.delivery.mail_text import write_mail
from pipelines.store.outbox import Letter

_TOO_LARGE, _CLOSING = 552, 421


class MailSender:
    """Hands mails to a server, over one connection as long as it holds."""

    def __init__(self, channel: SmtpChannel, language: str) -> None:
        self.channel = channel
        self.language = language
        self.server: smtplib.SMTP | None = None

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Hand the letter to the server.

        What the server said is kept as a code, its text quotes addresses.
        """
        mail = write_mail(letter, files, self.channel.sender, self.language)
        try:
            server = self.server or self._open_connection()
            server.send_message(mail, self.channel.sender, [letter.receiver])
        except NotSent:
            self.close()
            raise
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients[letter.receiver]
            raise _explain_refusal(code) from None
        except smtplib.SMTPSenderRefused as error:
            raise _explain_refusal(error.smtp_code, is_sender=True) from None
        except smtplib.SMTPDataError as error:
            raise _explain_refusal(error.smtp_code) from None
        except (OSError, ValueError) as error:
            # Every other SMTPException is an OSError; ValueError: what answers is no SMTP at all.
            self.close()
            raise Later(
                "smtp_broken", is_away=True, error=type(error).__name__
            ) from None

    def close(self) -> None:
        """Let the connection go, without waiting for a server that may hang."""
        if self.server is not None:
            self.server.close()
        self.server = None

    def _open_connection(self) -> smtplib.SMTP:
        channel = self.channel
        trust = load_trust(channel.ca_file)
        try:
            server: smtplib.SMTP
            if channel.security == "tls":
                server = smtplib.SMTP_SSL(
                    channel.host, channel.port, timeout=channel.timeout, context=trust
                )
            else:
                server = smtplib.SMTP(
                    channel.host, channel.port, timeout=channel.timeout
                )
            self.server = server  # from here on `close` lets it go
            if channel.security == "starttls":
                server.starttls(context=trust)
        except ssl.SSLError as error:
            raise Closed("tls", host=channel.host, error=type(error).__name__) from None
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPHeloError):
            raise Closed("no_starttls", host=channel.host) from None
        self._log_in(server)
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.channel.user is None or self.channel.password_file is None:
            return
        password = read_secret(self.channel.password_file)
        try:
            server.login(self.channel.user, password)
        except smtplib.SMTPAuthenticationError as error:
            if _is_temporary(error.smtp_code):
                raise Later("smtp_code", is_away=True, code=error.smtp_code) from None
            raise Closed("login", host=self.channel.host) from None
        except (smtplib.SMTPNotSupportedError, UnicodeEncodeError):
            raise Closed("login", host=self.channel.host) from None


def _is_temporary(code: int) -> bool:
    return code // 100 == 4


def _explain_refusal(code: int, is_sender: bool = False) -> NotSent:
    """4xx asks to come again, 5xx does not.

    A sender that is refused is refused with every letter.
    """
    if _is_temporary(code):
        return Later("smtp_code", is_away=code == _CLOSING, code=code)
    if is_sender and code != _TOO_LARGE:
        return Closed("smtp_sender", code=code)
    return Rejected("smtp_code", code=code)
