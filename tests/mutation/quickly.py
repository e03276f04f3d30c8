"""A plugin of pytest: a property that fails is not made small, for who only asks whether it fails."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile("quickly", phases=(Phase.explicit, Phase.generate))
settings.load_profile("quickly")
