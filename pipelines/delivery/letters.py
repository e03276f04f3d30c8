"""Which letters a month has: each channel's receivers, what each gets, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.headerregistry import Address
from hashlib import sha256
from pathlib import Path

from pipelines.catalogue.outputs import name_lists
from pipelines.delivery.config import (
    Channel,
    Deliveries,
    FolderChannel,
    RobotChannel,
    SftpChannel,
    SmtpChannel,
)
from pipelines.delivery.content import COMPANY, Parcel, read_addresses
from pipelines.delivery.digest import count_orders, draw_digest
from pipelines.store.files import write_text
from pipelines.store.lake import Version
from pipelines.store.outbox import DEAD, Letter, make_letter_id
from pipelines.text.safe_text import file_stem

_OWNER_ALONE = 0o600


@dataclass(frozen=True)
class Mailbag:
    """What is to be sent of a version, and the folder it lies in."""

    version: Version
    parcels: Sequence[Parcel]
    outbox: Path
    language: str

    def group_parcels(self) -> Mapping[tuple[str, str], list[Parcel]]:
        """Return the parcels by part and holder, in their order."""
        groups: dict[tuple[str, str], list[Parcel]] = {}
        for parcel in self.parcels:
            groups.setdefault((parcel.part, parcel.holder), []).append(parcel)
        return groups


def write_letters(deliveries: Deliveries, bag: Mailbag) -> Iterator[Letter]:
    """Yield the letters of all channels.

    Who cannot be written to gets one that is dead from the beginning.
    """
    for name, channel in deliveries.channels.items():
        if isinstance(channel, RobotChannel):
            yield _write_to_robot(_ChannelWriter(name, channel, bag), channel)
        elif isinstance(channel, SmtpChannel):
            yield from _write_mails(_ChannelWriter(name, channel, bag), channel)
        else:
            yield from _write_into_folder(_ChannelWriter(name, channel, bag), channel)


@dataclass(frozen=True)
class _ChannelWriter:
    """Writes the letters of one channel, each with the key of what it says to whom."""

    name: str
    channel: Channel
    bag: Mailbag

    def write_letter(
        self,
        receiver: str,
        content: str,
        *,
        target: str,
        files: tuple[str, ...],
        is_once: bool = False,
    ) -> Letter:
        version = self.bag.version
        key = make_letter_id(
            version.occasion,
            version.identity,
            self.name,
            self.channel.kind,
            receiver,
            content,
        )
        return Letter(
            id=key,
            occasion=version.occasion,
            version=version.number,
            channel=self.name,
            receiver=receiver,
            target=target,
            files=files,
            is_once=is_once,
        )


# -- into a folder ---------------------------------------------------------------------------------


def _write_into_folder(
    writer: _ChannelWriter, channel: FolderChannel | SftpChannel
) -> Iterator[Letter]:
    """A letter a file, in a folder a receiver, so that rights can be given to each.

    Links between files stay whole.
    """
    version = writer.bag.version
    for parcel in writer.bag.parcels:
        if parcel.part not in channel.what:
            continue
        holder = _name_folder(parcel)
        set_folder = f"{version.occasion}_v{version.number}_{parcel.place[:8]}"
        yield writer.write_letter(
            holder,
            f"{parcel.name} {parcel.sha256}",
            target=f"{holder}/{set_folder}/{parcel.name}",
            files=(parcel.file,),
        )


def _name_folder(parcel: Parcel) -> str:
    """Name a receiver's folder; ids come from the operator and may hold anything."""
    if parcel.part == COMPANY:
        return parcel.holder
    safe_id = file_stem(parcel.holder, parcel.holder).partition("_")[2]
    return f"{parcel.part}-{safe_id}"


# -- by e-mail -------------------------------------------------------------------------------------


def _write_mails(writer: _ChannelWriter, channel: SmtpChannel) -> Iterator[Letter]:
    """A letter a receiver, with all the files that are for them."""
    manager_addresses = read_addresses(writer.bag.version) | channel.managers
    for (part, holder), parcels in writer.bag.group_parcels().items():
        if part not in channel.what:
            continue
        receivers = _find_receivers(part, holder, channel, manager_addresses)
        for receiver in receivers:
            yield _write_mail(writer, channel, receiver, parcels)
        if not receivers:
            unsent = _write_mail(writer, channel, f"{part} {holder}", parcels)
            facts = {"part": part, "holder": holder}
            yield replace(unsent, state=DEAD, why="no_address", facts=facts)


def _find_receivers(
    part: str, holder: str, channel: SmtpChannel, manager_addresses: Mapping[str, str]
) -> Sequence[str]:
    """Return the addresses of a manager, of a branch or of the company.

    None where nobody says any.
    """
    if part == COMPANY:
        return channel.company
    if part == "manager":
        address = manager_addresses.get(holder)
        return () if address is None else (address,)
    return channel.branches.get(holder, ())


def _write_mail(
    writer: _ChannelWriter,
    channel: SmtpChannel,
    receiver: str,
    parcels: Sequence[Parcel],
) -> Letter:
    hashes = [f"{parcel.name} {parcel.sha256}" for parcel in parcels]
    content = "\n".join(sorted(hashes))
    files = tuple(parcel.file for parcel in parcels)
    letter = writer.write_letter(receiver, content, target=receiver, files=files)
    if is_allowed(receiver, channel.domains):
        return letter
    return replace(letter, state=DEAD, why="address_not_allowed")


def is_allowed(address: str, domains: Sequence[str]) -> bool:
    """Say whether an address is a plain one of an allowed domain.

    An address may come from a table that somebody delivered.
    """
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, MessageError, IndexError):
        return False
    is_plain = (
        address.isascii() and address.isprintable() and parsed.addr_spec == address
    )
    allowed = {domain.lower() for domain in domains}
    return is_plain and parsed.domain.lower() in allowed


# -- to a robot ------------------------------------------------------------------------------------


def _write_to_robot(writer: _ChannelWriter, channel: RobotChannel) -> Letter:
    """One digest; its key are the counts, so that other words for them are not posted anew."""
    bag = writer.bag
    counts = count_orders(bag.version)
    titles = name_lists(bag.language)
    text = draw_digest(counts, titles, bag.language, channel.link)
    text_hash = sha256(text.encode()).hexdigest()
    file = f"content/digest-{text_hash[:16]}.txt"
    write_text(bag.outbox / file, text, _OWNER_ALONE)
    content = json.dumps(counts, sort_keys=True)
    return writer.write_letter(
        channel.type, content, target="", files=(file,), is_once=True
    )
