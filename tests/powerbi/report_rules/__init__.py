"""Rules of the report's layout, words, charts and colours: each yields what breaks it."""

from collections.abc import Callable, Iterable

from tests.powerbi.report import Report
from tests.powerbi.report_rules import charts, colours, layout, words

RULES: dict[str, Callable[[Report], Iterable[str]]] = {
    rule.__name__: rule
    for rule in (
        layout.overlap,
        layout.off_the_page,
        layout.too_near,
        layout.not_in_line,
        layout.too_small,
        layout.too_many,
        layout.other_width,
        layout.no_heading,
        layout.same_page_name,
        layout.reading_order,
        layout.no_tab_order,
        words.no_title,
        words.same_title,
        words.long_title,
        words.no_alt_text,
        words.alt_text_is_title,
        words.no_axis_title,
        words.name_of_a_machine,
        charts.barred_kind,
        charts.many_bars,
        charts.many_cards,
        charts.unsorted,
        charts.no_number,
        charts.other_slicers,
        charts.slicer_alone,
        colours.faint_text,
        colours.faint_series,
        colours.faint_cell,
        colours.same_series,
        colours.colour_of_no_theme,
        colours.small_text,
    )
}
