"""Live the months of a synthetic operator one by one, and write down each."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from twin.books.days import draw_day
from twin.books.tables import TABLES, draw_tables
from twin.config import TwinConfig
from twin.diary import Diary, Request, hash_state, keep_orders, kept_orders, read_diary
from twin.faults import choose_faults, plant_faults
from twin.months import day_number, month_number, season_of, span_of
from twin.respond.answer import Answer, begin_work, end_work, filled_cells
from twin.respond.books import fill_books, read_dispatch
from twin.truth import Witness, list_effects, order_truth
from twin.world import care, ledger, life, moves, usage
from twin.world.organisation import build_organisation, change_owners, hand_over_vips
from twin.world.population import settle_first_population, welcome_newcomers
from twin.world.rows import Bills, Cards, Customers, Ownerships, Services, Tickets
from twin.world.state import Happenings, World, note_presence
from twin.writer import EXTENSIONS, write_table

SMALLEST_SERVICES = 100
ENDINGS = (
    "parquet",
    "csv",
    "csv.gz",
    "xlsx",
)  # of the files that an earlier run may have left
Progress = Callable[[int, int], None]


def generate(
    out: Path,
    *,
    services: int,
    months: int,
    seed: int,
    through: str = "2026-08",
    file_format: str = "parquet",
    drop: Sequence[str] = (),
    faults: Sequence[str] = (),
    days: Sequence[str] = (),
    config: TwinConfig | None = None,
    progress: Progress | None = None,
) -> None:
    """Write `months` monthly folders ending with `through` for about `services` lines, and the truth beside them.

    `faults` are planted in the newest month; the truth knows nothing of them. Of `days` of these months the state at
    24:00 is written as well. `out` must not hold other months. The same arguments give the same bytes. Raises ValueError
    for arguments out of range.
    """
    choose_faults(faults)
    request = Request(
        services,
        months,
        seed,
        through,
        file_format,
        tuple(drop),
        config or TwinConfig(),
    )
    _check(request)
    numbers = _numbers(request)
    wanted = _days_by_month(days, numbers)
    _clear(out, [span_of(number).label for number in numbers])
    witness = Witness()
    world = begin(request, numbers[0])
    for done, number in enumerate(numbers):
        eve = world.bills.take(np.arange(len(world.bills)))
        live_month(world, number)
        write_month(world, out, request)
        write_days(world, eve, wanted[number], out, request)
        witness.testify(world, out / "truth")
        if progress:
            progress(done + 1, months)
    Diary(request, (), hash_state(world)).write(out)
    plant_faults(out, span_of(numbers[-1]).label, faults, seed)


def respond(out: Path, dispatch: Path, progress: Progress | None = None) -> str:
    """Live the month after `dispatch`'s with its orders: write its folder and truth, and the workbooks filled in.

    `out` is a twin's folder whose newest month the orders are of; giving the same orders again gives the same bytes.
    The filled workbooks go to `out`/returned/<month of the orders>. Returns the month lived. Raises ValueError otherwise.
    """
    diary, given = read_diary(out), read_dispatch(dispatch)
    newest = month_number(diary.request.through) + len(diary.answered)
    if (
        diary.answered and given.month == diary.answered[-1]
    ):  # the same month once more: as if it had not been lived
        newest, answered = newest - 1, diary.answered[:-1]
    else:
        answered = diary.answered
    if month_number(given.month) != newest:
        raise ValueError(
            f"the orders are of {given.month}, but this twin's newest month is {span_of(newest).label}"
        )
    world, witness = _live_again(out, diary, newest, progress)
    if answered == diary.answered and hash_state(world) != diary.state:
        raise ValueError(
            f"{out} was written with other versions of its libraries or of the twin; make it anew"
        )
    _live_with_orders(world, newest + 1, given.orders, out, dispatch)
    write_month(world, out, diary.request)
    witness.testify(world, out / "truth")
    keep_orders(out, given.month, given.orders)
    Diary(diary.request, (*answered, given.month), hash_state(world)).write(out)
    return world.span.label


def _numbers(request: Request) -> range:
    last = month_number(request.through)
    return range(last - request.months + 1, last + 1)


def begin(request: Request, first: int) -> World:
    """Create the operator and live the unwritten months before the first."""
    begin = first - request.config.burn_in_months
    world = create_world(request.config, request.services, request.seed, begin)
    for number in range(begin, first):
        live_month(world, number, calibrate=True)
    ledger.forget_the_ended(world)
    return world


def _live_again(
    out: Path, diary: Diary, newest: int, progress: Progress | None
) -> tuple[World, Witness]:
    """Live up to a month again, with the orders that were given on the way, and write nothing."""
    request, witness = diary.request, Witness()
    numbers = range(_numbers(request)[0], newest + 1)
    world = begin(request, numbers[0])
    for done, number in enumerate(numbers):
        before = span_of(number - 1).label
        live_month(
            world,
            number,
            kept_orders(out, before) if before in diary.answered else None,
        )
        witness.take_notes(world)
        if progress:
            progress(done + 1, len(numbers) + 1)
    return world, witness


def _live_with_orders(
    world: World, number: int, given: pa.Table, out: Path, dispatch: Path
) -> None:
    """Live a month with its orders, write their truth and return the workbooks."""
    answer = live_month(world, number, given)
    assert answer is not None
    folder = out / "truth" / world.span.label
    folder.mkdir(parents=True, exist_ok=True)
    truth = order_truth(world, answer)
    write_table(truth, folder, "order_truth", "parquet")
    write_table(list_effects(truth), folder, "list_effect", "parquet")
    fill_books(
        dispatch, out / "returned" / span_of(number - 1).label, filled_cells(answer)
    )


def create_world(config: TwinConfig, services: int, seed: int, month: int) -> World:
    """Create the operator as it stands on the eve of a month."""
    span = span_of(month)
    world = World(
        config=config,
        seed=seed,
        organisation=build_organisation(config, services, seed),
        customers=Customers.build(0),
        services=Services.build(0),
        bills=Bills.build(0, disputed=False),
        ownerships=Ownerships.build(0),
        cards=Cards.build(0),
        tickets=Tickets.build(0),
        span=span,
        season=season_of(span),
    )
    settle_first_population(world, services)
    life.decide_fate(world, calibrate=True)
    return world


def live_month(
    world: World, number: int, given: pa.Table | None = None, *, calibrate: bool = False
) -> Answer | None:
    """Live one month, with the orders given for it if any; `calibrate` sets the hazards' level anew, as before the first.

    Returns what came of the orders.
    """
    world.span, world.happened, world.contacts = span_of(number), Happenings(), None
    world.season = season_of(world.span)
    answer = begin_work(world, given) if given is not None else None
    _live(world, calibrate)
    return end_work(world, answer) if answer else None


def _live(world: World, calibrate: bool) -> None:
    """Let a month's events take place, in the order they depend on each other."""
    is_first = not len(world.cards)
    life.leave(world)
    life.change_numbers(world)
    moves.part_with_managers(world)
    ledger.collect(world)
    moves.transfer_lines(world)
    life.pause_on_request(world)
    welcome_newcomers(world)
    usage.use_lines(world)
    ledger.bill(world)
    ledger.quarrel(world)
    life.renew_contracts(world)
    life.change_plans(world)
    life.end_promotions(world)
    care.look_after(world, is_first)
    if is_first:
        hand_over_vips(world)
    change_owners(world)
    moves.change_groups(world)
    life.drift_mood(world)
    life.decide_fate(world, calibrate)
    note_presence(world)


def write_month(world: World, out: Path, request: Request) -> None:
    """Write the month's tables but those to leave out."""
    folder = out / world.span.label
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in draw_tables(world):
        if name not in request.drop:
            write_table(table, folder, name, request.file_format)


def write_days(
    world: World, eve: Bills, days: Sequence[str], out: Path, request: Request
) -> None:
    """Write the state at the end of days of the month; `eve` are the bills that were open before it."""
    for day in days:
        folder = out / "daily" / day
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in draw_day(world, eve, day_number(day)):
            if name not in request.drop:
                write_table(table, folder, name, request.file_format)


def _days_by_month(days: Sequence[str], numbers: range) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {number: [] for number in numbers}
    for day in days:
        number = month_number(date.fromisoformat(day).isoformat()[:7])
        if number not in found:
            raise ValueError(
                f"{day} is in none of the months {span_of(numbers[0]).label} to {span_of(numbers[-1]).label}"
            )
        found[number].append(day)
    return found


def _check(request: Request) -> None:
    unknown = sorted(set(request.drop) - set(TABLES))
    formats = ", ".join(EXTENSIONS)
    problems = {
        f"services must be at least {SMALLEST_SERVICES}, not {request.services}": request.services
        < SMALLEST_SERVICES,
        f"months must be at least 1, not {request.months}": request.months < 1,
        f"file_format must be one of {formats}, not {request.file_format}": request.file_format
        not in EXTENSIONS,
        f"not a table of the contract: {', '.join(unknown)}": bool(unknown),
    }
    for text, is_wrong in problems.items():
        if is_wrong:
            raise ValueError(text)


def _clear(out: Path, labels: Sequence[str]) -> None:
    """Remove what an earlier run wrote for the same months; refuse a folder that holds other months."""
    others = sorted(
        path.name
        for path in out.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]")
        if path.name not in labels
    )
    if others:
        raise ValueError(
            f"{out} already holds {others[0]}, which is not among the months asked for; choose an empty folder"
        )
    for folder in [
        *(out / label for label in labels),
        out / "truth",
        out / "returned",
        out / "daily",
    ]:
        for path in [
            path for ending in ENDINGS for path in sorted(folder.rglob(f"*.{ending}"))
        ]:
            path.unlink()
