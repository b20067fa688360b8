"""What an engineer writes into `_exposures.yml` is taken as it is meant, or refused with a sentence."""

import copy

import pytest

from include.errors import InputError
from powerbi.generate.settings import settings_of

ROLES = {"column": "country", "values": ["Spain"]}
GIVEN = {"mode": "import", "keep_years": 10, "refresh_months": 3, "roles": ROLES}


def manifest(*metas: dict) -> dict:
    return {"exposures": {f"exposure.{n}": {"config": {"meta": meta}} for n, meta in enumerate(metas)}}


def test_settings_are_those_of_the_exposure_that_has_them():
    found = settings_of(manifest({}, {"power_bi": GIVEN}))
    assert (found.mode, found.keep_years, found.refresh_months) == ("import", 10, 3)
    assert found.roles == {"country": ("Spain",)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "DirectQuery"}, "`mode` .* 'DirectQuery'. It has to be import or directQuery"),
        ({"keep_years": "ten"}, "`keep_years` .* whole number, 1 or more"),
        ({"keep_years": True}, "`keep_years` .* whole number"),
        ({"refresh_months": 0}, "`refresh_months` .* whole number"),
        ({"keep_years": 1, "refresh_months": 13}, "`refresh_months` .* no longer than `keep_years`"),
        ({"refresh_month": 3}, "a mapping with keep_years, mode, refresh_months, roles"),
        ({"roles": None}, "`roles` .* a mapping with column, values"),
        ({"roles": ROLES | {"values": "Spain"}}, "'Spain'. It has to be a list"),
        ({"roles": ROLES | {"values": [False]}}, "False. It has to be texts .*; quote them"),
        ({"roles": ROLES | {"values": ["Spain "]}}, "texts without blanks"),
        ({"roles": ROLES | {"values": ["Sp\nain"]}}, "texts without blanks"),
        ({"roles": ROLES | {"values": [""]}}, "texts without blanks"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(change, said):
    given = copy.deepcopy(GIVEN) | change
    with pytest.raises(InputError, match=f"_exposures.yml: .*{said}"):
        settings_of(manifest({"power_bi": given}))


@pytest.mark.parametrize("metas", [(), ({},), ({"power_bi": GIVEN}, {"power_bi": GIVEN})])
def test_one_exposure_has_the_settings(metas):
    with pytest.raises(InputError, match="exposures have `power_bi` in their meta; one has to"):
        settings_of(manifest(*metas))
