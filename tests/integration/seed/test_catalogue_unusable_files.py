"""JSON files that cannot be used: refused with the place and the way out, and nothing is changed."""

import pytest

from include.errors import InputError
from tests.integration.helpers.loads import rejections
from tests.integration.helpers.samples import movie, show

UNUSABLE = [
    pytest.param(None, ["content.json: there is no such file", "Put it there"], id="missing"),
    pytest.param(b"", ["content.json, line 1, column 1: not JSON", "Nothing was loaded"], id="empty"),
    pytest.param(
        b'{"movies": [],\n "series": [}\n', ["content.json, line 2, column 13: not JSON"], id="not JSON"
    ),
    pytest.param(
        b'{"movies": [{"content_id": "M', ["content.json, line 1, column 28: not JSON"], id="cut off"
    ),
    pytest.param(
        b'{"movies": [{"title":\n"M\xe9xico"}]}',
        ["content.json, line 2: not UTF-8. Save the file as UTF-8"],
        id="Latin-1",
    ),
    pytest.param(b"[]", ["must be an object with the lists 'movies' and 'series'"], id="a list"),
    pytest.param(
        b'{"movies": []}',
        ["the list 'series' is missing; found movies. The file must be an object with"],
        id="list missing",
    ),
    pytest.param(b"{}", ["the list 'movies' is missing; found nothing"], id="no list"),
    pytest.param(
        b'{"movies": {}, "series": []}', ["the list 'movies' is missing"], id="list of another type"
    ),
    pytest.param(b'{"movies": null, "series": []}', ["found movies, series (movies is no list)."], id="null"),
    pytest.param(
        b'{"movies": [], "series": []}', ["the file has no data. Its table was left as it is"], id="no data"
    ),
    pytest.param(b"[" * 100_000, ["content.json", "nested too deeply"], id="nested too deeply"),
    pytest.param(
        b'{"movies": [{"content_id": "M1", "title": "x", "rating": ' + b"9" * 5000 + b'}], "series": []}',
        [
            "none of its 1 rows can be loaded; first, at movies[0]: rating",
            "is a number that MongoDB cannot hold",
        ],
        id="number of 5,000 digits",
    ),
    pytest.param(
        b'{"movies": [{"content_id": "M1"}], "series": [{"title": "x"}]}',
        [
            "none of its 2 rows can be loaded; first, at movies[0]: title None is missing",
            "quarantine.rejected_rows",
        ],
        id="every document bad",
    ),
]


@pytest.mark.parametrize(("content", "message"), UNUSABLE)
def test_unusable_file_is_refused_and_changes_nothing(pipeline, content, message):
    pipeline.seed_content([movie()], [show()])
    before = pipeline.state()
    path = pipeline.folder / "content.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"))
    for part in [str(path), *message]:
        assert part in str(refused.value)
    assert pipeline.state() | {"quarantine": []} == before | {"quarantine": []}
    assert len(before["documents"]) == 2


def test_folder_in_place_of_the_file_is_refused(pipeline):
    (pipeline.folder / "content.json").mkdir()
    with pytest.raises(InputError, match=r"content\.json: cannot be read \(Is a directory\)"):
        pipeline.seed_catalogue()


def test_reasons_are_kept_when_every_document_is_bad(pipeline):
    for _ in range(2):
        with pytest.raises(InputError, match=r"all rows and reasons are in quarantine\.rejected_rows"):
            pipeline.seed_content([movie(rating="high")], [show(seasons="two")])
    assert rejections(pipeline) == [
        ("movies[0]", "rating", "high", "is not a number but text"),
        ("series[0]", "seasons", "two", "is not a whole number but text"),
    ]
    assert pipeline.load_runs() == []
