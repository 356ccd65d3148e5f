"""Rows: what they refuse, and that the same content is the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneeline.store import tables
from kneeline.store.rows import (
    LONGEST_BODY_BYTES,
    ROWS,
    PersonRow,
    canonical,
    columns_of,
    instant,
    row_from_line,
    utc_text,
)

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones())


def test_every_table_that_travels_has_its_row_with_the_same_fields() -> None:
    assert [table.name for table in tables.SHARED] == list(ROWS)
    for table in tables.SHARED:
        assert set(ROWS[table.name].__struct_fields__) == {column.name for column in table.columns}, table.name


def test_every_table_comes_after_those_it_hangs_on() -> None:
    seen: set[str] = set()
    for table in tables.SHARED:
        assert {key.column.table.name for key in table.foreign_keys} <= seen
        seen.add(table.name)


@given(one=MOMENTS, other=MOMENTS)
def test_times_sort_as_text_as_they_do_as_times(one: datetime, other: datetime) -> None:
    # Within one zone Python compares clock faces, not moments: at the end of summer time they differ.
    one_utc, other_utc = one.astimezone(UTC), other.astimezone(UTC)
    assert instant(utc_text(one)) == one_utc
    assert (utc_text(one) < utc_text(other)) == (one_utc < other_utc)
    assert len(utc_text(one)) == 27


def test_one_moment_has_one_text() -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert utc_text(at.astimezone(timezone(timedelta(hours=5, minutes=45)))) == utc_text(at)


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00.000000Z", "", "yesterday"])
def test_a_moment_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the words are Python's own
        instant(text)


@pytest.mark.parametrize(
    "id", ["", "x", "1B4E28BA-2FA1-4D2B-883F-0016D3CCA427", "1b4e28ba2fa14d2b883f0016d3cca427", "../../etc/passwd",
           "1b4e28ba-2fa1-4d2b-883f-0016d3cca427\n", "1b4e28ba-2fa1-4d2b-883f-0016d3cca427/.."],
)  # fmt: skip
def test_an_id_is_a_uuid_in_one_way_of_writing(id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        columns_of(PersonRow(id=id, at="2026-11-22T08:30:00.000000Z"))


def test_json_is_canonical_and_bounded() -> None:
    assert canonical({"b": [1, 1.0, None, True], "a": {"d": "é", "c": "\x00"}}) == (
        '{"a":{"c":"\\u0000","d":"é"},"b":[1,1.0,null,true]}'
    )
    assert canonical({"a": "x" * (LONGEST_BODY_BYTES - 8)})
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for bad in ({"a": "x" * LONGEST_BODY_BYTES}, {"a": float("nan")}, {"a": object()}, {"a": "\ud800"}, {"a": deep}):
        with pytest.raises(ValueError):  # noqa: PT011  each says something else
            canonical(bad)


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"{}", b"\xff", b'{"id":1}', b"[" * 100_000])
def test_a_line_that_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each says something else
        row_from_line(line, PersonRow)
