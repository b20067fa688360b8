"""What dbt says of the project: the exposure's `config: {meta: {power_bi: …}}` in `_exposures.yml`."""

from include.errors import InputError
from powerbi.generate.model import Settings

PLACE = "dbt/models/trusted/_exposures.yml"
KEYS = {"mode", "keep_years", "refresh_months", "roles"}
MODES = ("import", "directQuery")


def settings_of(manifest: dict) -> Settings:
    """Return the settings. Raises InputError with the place, what is wrong there, and what it may be."""
    given = _given(manifest)
    _check_keys("power_bi", given, KEYS)
    if given["mode"] not in MODES:
        raise _error("mode", given["mode"], " or ".join(MODES))
    for name in ("keep_years", "refresh_months"):
        if type(given[name]) is not int or given[name] < 1:
            raise _error(name, given[name], "a whole number, 1 or more")
    if given["refresh_months"] > 12 * given["keep_years"]:
        raise _error("refresh_months", given["refresh_months"], "no longer than `keep_years`")
    roles = given["roles"]
    _check_keys("roles", roles, {"column", "values"})
    _check_values(roles["values"])
    return Settings(
        given["mode"],
        given["keep_years"],
        given["refresh_months"],
        {str(roles["column"]): tuple(roles["values"])},
    )


def _given(manifest: dict) -> object:
    metas = [one["config"]["meta"] for one in manifest["exposures"].values()]
    found = [meta["power_bi"] for meta in metas if "power_bi" in meta]
    if len(found) != 1:
        raise InputError(f"{PLACE}: {len(found)} exposures have `power_bi` in their meta; one has to")
    return found[0]


def _check_keys(name: str, given: object, keys: set[str]) -> None:
    if not isinstance(given, dict) or given.keys() != keys:
        raise _error(name, given, f"a mapping with {', '.join(sorted(keys))} and nothing else")


def _check_values(values: object) -> None:
    """Refuse what is no name. To YAML `No` is false, and 30 a number: such a value needs quotes."""
    if not isinstance(values, list):
        raise _error("roles: values", values, "a list")
    for value in values:
        is_name = isinstance(value, str) and value == value.strip() and value.isprintable() and value
        if not is_name:
            raise _error("roles: values", value, "texts without blanks around them; quote them")


def _error(name: str, given: object, wanted: str) -> InputError:
    return InputError(f"{PLACE}: `{name}` of the Power BI project is {given!r}. It has to be {wanted}")
