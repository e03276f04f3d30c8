"""Which letters a month has: each channel's receivers, what each gets, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import lists
from pipelines.delivery.config import (
    Channel,
    Deliveries,
    FolderChannel,
    RobotChannel,
    SftpChannel,
    SmtpChannel,
)
from pipelines.delivery.content import COMPANY, Parcel, addresses, count, digest
from pipelines.store.files import write_text
from pipelines.store.lake import Version
from pipelines.store.outbox import DEAD, Letter, letter_id
from pipelines.text.safe_text import file_stem


@dataclass(frozen=True)
class Mailbag:
    """What is to be sent of a version, and the folder it lies in."""

    version: Version
    parcels: Sequence[Parcel]
    outbox: Path
    language: str


def write_letters(deliveries: Deliveries, bag: Mailbag) -> Iterator[Letter]:
    """Yield the letters of all channels; who cannot be written to gets one that is dead from the beginning."""
    for name, channel in deliveries.channels.items():
        if isinstance(channel, RobotChannel):
            yield _to_robot(name, channel, bag)
        elif isinstance(channel, SmtpChannel):
            yield from _by_mail(name, channel, bag)
        else:
            yield from _into_folder(name, channel, bag)


def _letter(
    name: str, channel: Channel, bag: Mailbag, receiver: str, content: str, **more: Any
) -> Letter:
    occasion, version = bag.version.occasion, bag.version
    said = letter_id(occasion, version.identity, name, channel.kind, receiver, content)
    return Letter(said, occasion, version.number, name, receiver, **more)


def _into_folder(name: str, channel: FolderChannel | SftpChannel, bag: Mailbag) -> Iterator[Letter]:
    """A letter a file, in a folder a receiver, so that rights can be given to each; links between files stay whole."""
    for parcel in bag.parcels:
        if parcel.part in channel.what:
            holder = (
                parcel.holder if parcel.part == COMPANY else f"{parcel.part}-{_safe(parcel.holder)}"
            )
            shelf = f"{bag.version.occasion}_v{bag.version.number}_{parcel.place[:8]}"
            target, content = f"{holder}/{shelf}/{parcel.name}", f"{parcel.name} {parcel.sha256}"
            yield _letter(name, channel, bag, holder, content, target=target, files=(parcel.file,))


def _safe(holder: str) -> str:
    """A manager's or branch's id as the name of a folder: ids come from the operator and may hold anything."""
    return file_stem(holder, holder).partition("_")[2]


def _by_mail(name: str, channel: SmtpChannel, bag: Mailbag) -> Iterator[Letter]:
    """A letter a receiver, with all his files."""
    known = addresses(bag.version) | channel.managers
    for (part, holder), parcels in _by_holder(bag.parcels).items():
        if part not in channel.what:
            continue
        receivers: Sequence[str] = (
            channel.company if part == COMPANY else channel.branches.get(holder, ())
        )
        if part == "manager":
            receivers = (known[holder],) if holder in known else ()
        yield from (_mail(name, channel, bag, to, parcels) for to in receivers)
        if not receivers:
            facts = {"part": part, "holder": holder}
            dead = _mail(name, channel, bag, f"{part} {holder}", parcels)
            yield Letter(**vars(dead) | {"state": DEAD, "why": "no_address", "facts": facts})


def _by_holder(parcels: Sequence[Parcel]) -> Mapping[tuple[str, str], list[Parcel]]:
    found: dict[tuple[str, str], list[Parcel]] = {}
    for parcel in parcels:
        found.setdefault((parcel.part, parcel.holder), []).append(parcel)
    return found


def _mail(
    name: str, channel: SmtpChannel, bag: Mailbag, to: str, parcels: Sequence[Parcel]
) -> Letter:
    content = "\n".join(sorted(f"{parcel.name} {parcel.sha256}" for parcel in parcels))
    letter = _letter(
        name, channel, bag, to, content, target=to, files=tuple(parcel.file for parcel in parcels)
    )
    if is_allowed(to, channel.domains):
        return letter
    return Letter(**vars(letter) | {"state": DEAD, "why": "address_not_allowed"})


def is_allowed(address: str, domains: Sequence[str]) -> bool:
    """Say whether an address is a plain one of an allowed domain: it may come from a table that somebody delivered."""
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, MessageError, IndexError):
        return False
    is_plain = address.isascii() and address.isprintable() and parsed.addr_spec == address
    return is_plain and parsed.domain.lower() in {domain.lower() for domain in domains}


def _to_robot(name: str, channel: RobotChannel, bag: Mailbag) -> Letter:
    """One digest; its key are the counts, so that other words for them are not posted anew."""
    counts = count(bag.version)
    text = digest(
        counts,
        {spec.name: spec.title(bag.language) for spec in lists()},
        bag.language,
        channel.link,
    )
    file = f"content/digest-{sha256(text.encode()).hexdigest()[:16]}.txt"
    write_text(bag.outbox / file, text, 0o600)
    content = json.dumps(counts, sort_keys=True)
    return _letter(
        name, channel, bag, channel.type, content, target="", files=(file,), is_once=True
    )
