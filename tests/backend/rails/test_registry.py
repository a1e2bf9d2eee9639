"""The registry: one entry for each rail of the settings, and what each of them does."""

import pytest

from backend.rails.registry import NAMES, RAILS, build, build_all
from backend.settings import PiiRail as PiiSettings
from backend.settings import Rails, Settings, Tenant


def off(*names):
    return Settings(
        rails=Rails(**{name: type(getattr(Rails(), name))(action="off") for name in names})
    )


def test_every_section_of_the_settings_is_a_rail_and_the_other_way_round():
    assert set(NAMES) == set(Rails.__struct_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_every_rail_acts_at_some_stage(name):
    each = RAILS[name]
    assert each.build or each.relevance or each.disarm or each.formats


async def test_what_is_built_is_named_as_it_is_registered():
    rails = build_all(Settings())
    assert [rail.name for rail in rails] == [name for name in NAMES if RAILS[name].build]
    for rail in rails:
        await rail.close()


async def test_only_rails_that_some_tenant_has_on_are_built():
    assert build_all(off("secrets", "pii", "toxicity", "injection")) == []
    acme = Settings(
        rails=Rails(pii=PiiSettings(action="off")), tenants={"acme": Tenant(rails={"pii": "warn"})}
    )
    (pii,) = (rail for rail in build_all(acme, models_only=True) if rail.name == "pii")
    await pii.close()


def test_a_rail_that_reads_no_texts_cannot_be_built_for_them():
    with pytest.raises(ValueError, match="topic"):
        build(Settings(), "topic")
