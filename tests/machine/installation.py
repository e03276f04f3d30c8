"""What is done to an installation: models, plans, deliveries, archives, another release of the program."""

from __future__ import annotations

import shutil

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from pipelines.store.champions import models_folder
from tests.machine.keeping import hash_files
from tests.machine.lived_home import DONE, KILLED, NEXT_RELEASE, LivedHome, numbers
from tests.support.scored import scored_operator

MOST_ARCHIVES = 2
SENDING = ("deliver.filed=kill", "deliver.beside=kill", "deliver.acknowledged=kill")


class Installation(LivedHome):
    """The installation around the months."""

    @precondition(lambda self: self.list_held() and len(self.archives) < MOST_ARCHIVES)
    @rule(death=st.none() | st.just("backup.written=kill"))
    def back_up(self, death: str | None) -> None:
        """The home and the office go into an archive."""
        folder = self.folder / f"archive{len(self.archives)}"
        words = ["backup", "--to", folder]
        self.call(*words, death=death or "")
        if death:
            assert not list(folder.glob("*.tar"))
            assert self.call(*words) == 0
        self.keep_archive(folder, self.kept.copy())

    @precondition(lambda self: self.archives)
    @rule(number=numbers, death=st.none() | st.just("restore.loaded=kill"))
    def restore(self, number: int, death: str | None) -> None:
        """The home is lost, and made again of an archive: what was there then is there now."""
        archive, kept = self.archives[number % len(self.archives)]
        self.exports += 1
        self.home = self.folder / f"home{self.exports}"
        self.kept = kept.copy()
        if death:
            assert self.call("restore", archive, death=death) == KILLED
        assert self.call("restore", archive) == 0
        for name in kept.sealed:
            assert (self.home / name / "SEAL.json").exists(), name

    @precondition(lambda self: self.home.exists())
    @rule()
    def tidy(self) -> None:
        """What lies there longer than it must is removed."""
        self.call("tidy")

    @rule()
    def upgrade(self) -> None:
        """From now on the commands are those of another release."""
        self.release = NEXT_RELEASE

    @precondition(lambda self: self.home.exists())
    @rule()
    def promote(self) -> None:
        """A model comes from elsewhere and is made champion, or is it already."""
        shelf = models_folder(scored_operator().home)
        [model] = [path for path in shelf.iterdir() if path.is_dir()]
        own = models_folder(self.home) / model.name
        if not own.exists():
            shutil.copytree(model, own)
        why = ("--by", "ana", "--why", "tried elsewhere")
        assert self.call("promote", model.name, *why) in (0, 15)

    @precondition(lambda self: self.list_held())
    @rule(number=numbers, total=st.sampled_from((1_000, 70_001)))
    def plan(self, number: int, total: int) -> None:
        """A year is planned by a held month; the same plan again is no new version."""
        held = self.list_held()
        month = held[number % len(held)]
        words = self.write_plan(month, total)
        if self.call(*words) not in DONE:
            return
        before = hash_files(self.home / "plans")
        assert self.call(*words) in DONE
        assert hash_files(self.home / "plans") == before

    @precondition(lambda self: self.list_sealed())
    @rule(number=numbers, death=st.none() | st.sampled_from(SENDING))
    def send(self, number: int, death: str | None) -> None:
        """A released month is sent to a share, and may die of it; every letter arrives once."""
        sealed = self.list_sealed()
        words = ["deliver", sealed[number % len(sealed)]]
        code = self.call(*words, death=death or "")
        if code == KILLED:
            code = self.call(*words)
        assert code in DONE, code
        arrived = hash_files(self.share)
        changed = [name for name in self.arrived if self.arrived[name] != arrived[name]]
        assert not changed, changed
        self.arrived = arrived
        assert self.call(*words) in DONE
        assert hash_files(self.share) == arrived
