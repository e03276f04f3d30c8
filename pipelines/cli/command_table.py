"""The commands in one table: what each is called, where it is, and its line of the help.

A command's module is imported when the command is called, so that who asks for a table, or for
help, does not wait for what other commands compute with. A new command is one more row here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command, its module below `pipelines.cli.commands`, and what it says of itself."""

    name: str
    module: str
    help: str


# In the order in which the help shows them.
TABLE = (
    Command(
        "template",
        "intake",
        "Write an empty delivery: a CSV a table, one workbook, an example that is read, a "
        "mapping to fill in.",
    ),
    Command(
        "map",
        "intake",
        "Propose a mapping.yml for an operator's own file names, headers and codes; nothing "
        "is written unasked.",
    ),
    Command(
        "check",
        "intake",
        "Read and judge a delivery and make no month: what is taken, what not and why, what "
        "it would give.",
    ),
    Command(
        "quarantine",
        "quarantine",
        "Write the rows that were set aside, a sheet a delivered file, to be corrected at "
        "their source.",
    ),
    Command(
        "daily",
        "day",
        "Make a day's bulletins and the orders for whom was suspended since; they are added "
        "to those of the month before.",
    ),
    Command(
        "deliver",
        "delivery",
        "Send a released month to its receivers, each letter once; what did not arrive stays "
        "and says why.",
    ),
    Command(
        "doctor",
        "installation",
        "Say whether this installation is sound, and how to mend what is not; nothing is changed.",
    ),
    Command(
        "backup",
        "installation",
        "Write the home and the office into one archive, which only its owner can read.",
    ),
    Command(
        "restore",
        "installation",
        "Make a home of an archive, where there is none; the office goes into the database "
        "that the settings name.",
    ),
    Command(
        "tidy",
        "installation",
        "Remove what lies in the home longer than it must: old drafts, superseded versions, "
        "months beyond those kept.",
    ),
    Command(
        "errands",
        "operation",
        "Do what was asked for in the console: months run again, released, restated, a "
        "person's data gathered.",
    ),
    Command(
        "notices",
        "operation",
        "Tell everybody with an address what is due today, which promises are broken and "
        "which month waits for approval: once a day, counts alone.",
    ),
    Command(
        "due",
        "installation",
        "Say what is owed by the next working day and is not done; ends with 12 then, so that"
        " any clock can watch.",
    ),
    Command(
        "train",
        "model",
        "Fit a challenger on what was known by a month, and judge it on months it did not see.",
    ),
    Command(
        "models",
        "model",
        "List the models: figures, who is champion, and which may not be used and why.",
    ),
    Command(
        "promote",
        "model",
        "Make a model champion, on the record; the next run of a month it suits takes it up.",
    ),
    Command(
        "run",
        "month",
        "Run a month, all rooms; resumable, and nothing new when nothing changed.",
    ),
    Command(
        "status",
        "month",
        "Show versions, rooms, deadlines, and what was withheld or not computed and why.",
    ),
    Command(
        "show",
        "month",
        "Show any table of a month; personal data masked.",
    ),
    Command(
        "kpi",
        "month",
        "Show the KPI table.",
    ),
    Command(
        "lists",
        "month",
        "Show the dispatch lists with their counts and why-nots, and what became of the "
        "managers' places.",
    ),
    Command(
        "export",
        "month",
        "Write one workbook a manager, the company workbook and the month's documents; drafts"
        " until the month is released.",
    ),
    Command(
        "metrics",
        "operation",
        "Print the home's Prometheus metrics, write them, or serve them with /healthz and /readyz.",
    ),
    Command(
        "lineage",
        "operation",
        "Write what a month is made of as OpenLineage events, for a catalogue to read; "
        "nothing is sent.",
    ),
    Command(
        "twin",
        "operator",
        "Write a synthetic operator in the contract's form, with the truth beside it; or let "
        "it live on with its orders.",
    ),
    Command(
        "reassign",
        "orders",
        "Give orders to another manager, on the record; the next export has them in that "
        "manager's workbook.",
    ),
    Command(
        "withdraw",
        "orders",
        "Take orders back, on the record; no later export has them. What was answered to them"
        " stays.",
    ),
    Command(
        "outcomes",
        "outcomes",
        "Take filled workbooks back, row by row; again changes nothing.",
    ),
    Command(
        "console",
        "operation",
        "Serve the web console, where managers work their orders; on this machine alone unless "
        "names are set.",
    ),
    Command(
        "account",
        "operation",
        "Say who may come into the console: add, move, reset, disable, enable, list.",
    ),
    Command(
        "plan",
        "plan",
        "Split a year's totals into months, branches and managers; keep the plan as a "
        "version, write the months' targets.",
    ),
    Command(
        "erase",
        "record",
        "Delete a person: the key to name, numbers and notes is destroyed; --dry-run says what "
        "goes and what stays.",
    ),
    Command(
        "verify",
        "record",
        "Hash everything again, derive every table again, and say what differs; the home is "
        "only read.",
    ),
    Command(
        "restate",
        "record",
        "Hold a released month against corrected input: as published, as now known, the "
        "difference by cause.",
    ),
    Command(
        "waive",
        "record",
        "Accept a finding, on the record, or list what was accepted; the next run of the "
        "month takes it up.",
    ),
    Command(
        "why",
        "why",
        "Say on which lists a customer is, by what evidence, and whose order that is or why "
        "there is none.",
    ),
    Command(
        "figure",
        "why",
        "Open a number of a month: its definition, numerator and denominator, and the rows "
        "that add up to it.",
    ),
    Command(
        "new",
        "new",
        "Write the files of a new KPI, list, check or feature, with their proof, ready to be "
        "filled in.",
    ),
)
