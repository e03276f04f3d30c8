"""A letter, written as a mail.

Its head, its text and its files, each named in the two forms that are in use.
"""

from __future__ import annotations

import mimetypes
from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote

from pipelines.store.outbox import Letter, read_clock
from pipelines.text.texts import fill_label

_WORD, _PIECE = (
    10,
    4,
)  # characters that stay within a line of 78, four bytes each at most
_ANY_KIND = "application/octet-stream"


def write_mail(
    letter: Letter, files: list[Path], sender: str, language: str
) -> EmailMessage:
    """Write the mail of a letter; subject and text hold no customer's data, the attachments do."""
    sender_domain = sender.partition("@")[2]
    mail = EmailMessage(
        policy=SMTP.clone(refold_source="none")
    )  # names of files are folded here
    mail["From"] = sender
    mail["To"] = letter.receiver
    kind = "notice" if letter.is_notice else "mail"
    mail["Subject"] = fill_label(language, f"{kind}.subject", occasion=letter.occasion)
    mail["Date"] = read_clock()
    mail["Message-ID"] = f"<{letter.id}@{sender_domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.is_notice:
        [text_file] = files
        mail.set_content(text_file.read_text(encoding="utf-8"))
        return mail
    names = "\n".join(file.name for file in files)
    text = fill_label(
        language,
        "mail.text",
        occasion=letter.occasion,
        version=letter.version,
        files=names,
    )
    mail.set_content(text)
    for file in files:
        _attach_file(mail, file)
    return mail


def _attach_file(mail: EmailMessage, file: Path) -> None:
    guessed, _ = mimetypes.guess_type(file.name)
    kind = guessed or _ANY_KIND
    main, _, sub = kind.partition("/")
    mail.add_attachment(
        file.read_bytes(), maintype=main, subtype=sub, filename=file.name
    )
    if not file.name.isascii():
        *_, part = mail.iter_attachments()
        name_twice(part, kind, file.name)


def name_twice(part: EmailMessage, kind: str, name: str) -> None:
    """Name an attachment in both forms that are in use.

    RFC 2231's, and RFC 2047's, which many clients read alone.
    """
    words = "\n  ".join(_encode_words(name))
    standard = ";\n ".join(_write_parameters(name))
    del part["Content-Type"], part["Content-Disposition"]
    part.set_raw("Content-Type", f'{kind};\n name="{words}"')
    part.set_raw(
        "Content-Disposition", f'attachment;\n {standard};\n filename="{words}"'
    )


def _encode_words(name: str) -> list[str]:
    """Write a text as RFC 2047's encoded words; no character is cut in two."""
    words = []
    for piece in _cut_pieces(name, _WORD):
        encoded = b64encode(piece.encode()).decode()
        words.append(f"=?utf-8?B?{encoded}?=")
    return words


def _write_parameters(name: str) -> list[str]:
    """Write a text as RFC 2231's parameter, in numbered pieces where it is long."""
    pieces = [quote(piece, safe="") for piece in _cut_pieces(name, _PIECE)]
    first, *others = pieces
    if not others:
        return [f"filename*=utf-8''{first}"]
    parameters = [f"filename*0*=utf-8''{first}"]
    for number, piece in enumerate(others, start=1):
        parameters.append(f"filename*{number}*={piece}")
    return parameters


def _cut_pieces(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]
