"""Live the months of a synthetic operator one by one, and write down each."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from twin.books.tables import TABLES, draw_tables
from twin.config import TwinConfig
from twin.faults import choose_faults, plant_faults
from twin.months import month_number, season_of, span_of
from twin.truth import Witness
from twin.world import care, ledger, life, usage
from twin.world.organisation import build_organisation, change_owners, hand_over_vips
from twin.world.population import settle_first_population, welcome_newcomers
from twin.world.rows import Bills, Cards, Customers, Ownerships, Services, Tickets
from twin.world.state import Happenings, World
from twin.writer import EXTENSIONS, write_table

SMALLEST_SERVICES = 100
ENDINGS = ("parquet", "csv", "csv.gz", "xlsx")  # of the files that an earlier run may have left
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
    config: TwinConfig | None = None,
    progress: Progress | None = None,
) -> None:
    """Write `months` monthly folders ending with `through` for about `services` lines, and the truth beside them.

    `faults` are planted in the newest month; the truth knows nothing of them. `out` must not hold other months. The same
    arguments give the same bytes. Raises ValueError for arguments out of range.
    """
    _check(services, months, file_format, drop)
    choose_faults(faults)
    config, last = config or TwinConfig(), month_number(through)
    numbers = range(last - months + 1, last + 1)
    _clear(out, [span_of(number).label for number in numbers])
    world = create_world(config, services, seed, numbers[0] - config.burn_in_months)
    for number in range(numbers[0] - config.burn_in_months, numbers[0]):
        live_month(world, number, calibrate=True)
    witness = Witness()
    for done, number in enumerate(numbers):
        live_month(world, number, calibrate=False)
        write_month(world, out, file_format, drop)
        witness.testify(world, out / "truth")
        if progress:
            progress(done + 1, months)
    plant_faults(out, span_of(last).label, faults, seed)


def create_world(config: TwinConfig, services: int, seed: int, month: int) -> World:
    """Create the operator as it stands on the eve of a month."""
    span = span_of(month)
    world = World(
        config=config,
        seed=seed,
        organisation=build_organisation(config, services, seed),
        customers=Customers.build(0),
        services=Services.build(0),
        bills=Bills.build(0),
        ownerships=Ownerships.build(0),
        cards=Cards.build(0),
        tickets=Tickets.build(0),
        span=span,
        season=season_of(span),
    )
    settle_first_population(world, services)
    life.decide_fate(world, calibrate=True)
    return world


def live_month(world: World, number: int, *, calibrate: bool) -> None:
    """Live one month; `calibrate` sets the hazards' level anew, as in the months before the first written one."""
    world.span, world.happened = span_of(number), Happenings()
    world.season = season_of(world.span)
    is_first = not len(world.cards)
    life.leave(world)
    life.change_numbers(world)
    ledger.collect(world)
    life.pause_on_request(world)
    welcome_newcomers(world)
    usage.use_lines(world)
    ledger.bill(world)
    life.renew_contracts(world)
    life.change_plans(world)
    life.end_promotions(world)
    care.look_after(world, is_first)
    if is_first:
        hand_over_vips(world)
    change_owners(world)
    life.drift_mood(world)
    life.decide_fate(world, calibrate)


def write_month(world: World, out: Path, file_format: str, drop: Iterable[str]) -> None:
    """Write the month's tables but those to leave out."""
    folder = out / world.span.label
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in draw_tables(world):
        if name not in drop:
            write_table(table, folder, name, file_format)


def _check(services: int, months: int, file_format: str, drop: Sequence[str]) -> None:
    unknown = sorted(set(drop) - set(TABLES))
    problems = {
        f"services must be at least {SMALLEST_SERVICES}, not {services}": services < SMALLEST_SERVICES,
        f"months must be at least 1, not {months}": months < 1,
        f"file_format must be one of {', '.join(EXTENSIONS)}, not {file_format}": file_format not in EXTENSIONS,
        f"not a table of the contract: {', '.join(unknown)}": bool(unknown),
    }
    for text, is_wrong in problems.items():
        if is_wrong:
            raise ValueError(text)


def _clear(out: Path, labels: Sequence[str]) -> None:
    """Remove what an earlier run wrote for the same months; refuse a folder that holds other months."""
    others = sorted(path.name for path in out.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]") if path.name not in labels)
    if others:
        raise ValueError(
            f"{out} already holds {others[0]}, which is not among the months asked for; choose an empty folder"
        )
    for folder in [*(out / label for label in labels), out / "truth"]:
        for path in [path for ending in ENDINGS for path in sorted(folder.rglob(f"*.{ending}"))]:
            path.unlink()
