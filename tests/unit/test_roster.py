"""The roster: every bad line is named, all or nothing, the same file twice is once; no text whatever breaks it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.roster import Directory, Plan, Planned, RosterLine, plan, read_lines
from domain.roster_text import MOST_LINES, Fault, Written, plain, read_csv, read_json

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NARBONNE, LIMOUX, TWIN_A, TWIN_B = uuid4(), uuid4(), uuid4(), uuid4()
CHATEAU, CANAL = uuid4(), uuid4()
KNOWN = Directory.of(
    {NARBONNE: "Narbonne – Côte", LIMOUX: "Limoux", TWIN_A: "Deux", TWIN_B: "deux"},
    {CHATEAU: "Ambulances du Château Imaginaire", CANAL: "L’Étoile"},
)
HEAD = "sector,company,start,end,rank\n"
GOOD = "Limoux,L'Etoile,2026-11-22T20:00,2026-11-23T08:00,1\n"


def import_of(written: Written, planned: Sequence[Planned] = (), *, replace: bool = False) -> Plan:
    lines, faults = read_lines(written, KNOWN, PARIS)
    done = plan(lines, planned, NOW, replace=replace)
    every = [*faults, *done.faults]
    return Plan(every) if every else done


def csv_of(*lines: str, head: str = HEAD) -> Plan:
    return import_of(read_csv((head + "".join(lines)).encode()))


def codes(done: Plan) -> list[tuple[int | None, str, str | None]]:
    return [(each.line, each.code, each.column) for each in done.faults]


def kept(line: RosterLine, **more: bool) -> Planned:
    known = {"provisional": False, "approved": True, "opened": False} | more
    return Planned(
        id=uuid4(),
        sector_id=line.sector_id,
        company_id=line.company_id,
        rank=line.rank,
        starts_at=line.starts_at,
        ends_at=line.ends_at,
        **known,
    )


# -- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        HEAD + GOOD,
        "secteur;entreprise;debut;fin;rang\nLimoux;L'Etoile;22/11/2026 20:00;23/11/2026 08:00;1\n",
        "Secteur;Entreprise;Début;Fin\r\nlimoux;L’ÉTOILE;22/11/2026 20:00;23/11/2026 08:00\r\n;;;\r\n\r\n",
        "\ufeffend,start,company,sector\n2026-11-23T07:00:00Z,2026-11-22T19:00:00Z,l etoile,LIMOUX\n",
        f'sector,company,start,end\n"{LIMOUX}","{str(CANAL).upper()}",2026-11-22 20:00,2026-11-23 08:00',
    ],
)
def test_rule_056_a_roster_as_coordinators_write_it(text: str) -> None:
    done = import_of(read_csv(text.encode()))
    assert not done.faults
    (line,) = done.new
    assert (line.sector_id, line.company_id, line.rank) == (LIMOUX, CANAL, 1)
    assert line.starts_at == datetime(2026, 11, 22, 19, tzinfo=UTC)
    assert line.ends_at - line.starts_at == timedelta(hours=12)


def test_rule_056_a_roster_in_json() -> None:
    period = {
        "sector": "narbonne cote",
        "company": str(CHATEAU),
        "starts_at": "2026-11-22T20:00",
        "ends_at": "2026-11-23T08:00:00+01:00",
        "rank": 2,
    }
    done = import_of(read_json(json.dumps({"periods": [period]}).encode()))
    assert [(each.sector_id, each.company_id, each.rank) for each in done.new] == [(NARBONNE, CHATEAU, 2)]


@pytest.mark.parametrize(
    ("night", "elapsed_hours"),
    [("2026-10-24T20:00,2026-10-25T08:00", 13), ("2027-03-27T20:00,2027-03-28T08:00", 11)],
)
def test_rule_102_a_roster_line_of_a_night_when_clocks_change(night: str, elapsed_hours: int) -> None:
    lines, faults = read_lines(read_csv(f"{HEAD}Limoux,L'Etoile,{night},1\n".encode()), KNOWN, PARIS)
    assert not faults
    assert lines[0].ends_at - lines[0].starts_at == timedelta(hours=elapsed_hours)


def test_rule_101_a_local_time_that_is_not_there_or_there_twice_asks_for_its_offset() -> None:
    done = csv_of(
        "Limoux,L'Etoile,2027-03-28T02:30,2027-03-28T08:00,1\n",
        "Limoux,L'Etoile,2026-10-25T02:30,2026-10-25T08:00,1\n",
        "Limoux,L'Etoile,2026-12-25T02:30,2026-12-25T08:00,1\n",
    )
    assert codes(done) == [(2, "time_does_not_exist", "start"), (3, "time_exists_twice", "start")]
    assert all("offset" in each.detail for each in done.faults)


# -- what is refused -------------------------------------------------------------------------------------------------


def test_rule_056_every_bad_line_is_named_and_nothing_is_planned() -> None:
    done = csv_of(
        GOOD,
        "Nulle part,L'Etoile,2026-11-24T20:00,2026-11-25T08:00,1\n",
        "Limoux,Inconnue,demain,2026-11-25T08:00,0\n",
        "\n",
        "Limoux,L'Etoile,2026-11-25T08:00,2026-11-24T20:00,1\n",
        "Limoux,L'Etoile,2026-11-25T08:00,2026-11-26T11:00,1\n",
        "Limoux,L'Etoile,2026-11-27T08:00:00,2026-11-27T08:00:30,1\n",
        "Deux,L'Etoile,2026-11-28T08:00,2026-11-28T20:00,1\n",
        "Limoux,,2026-11-28T08:00\n",
        "Limoux,\"L'Etoile,2026-11-29T08:00,2026-11-29T20:00,1\n",
        "Limoux,L'Etoile,2026-11-30T08:00,2026-11-30T20:00,1,encore\n",
    )
    assert not done.new
    assert sorted(codes(done), key=str) == sorted(
        [
            (3, "unknown_sector", "sector"),
            (4, "unknown_company", "company"),
            (4, "bad_instant", "start"),
            (4, "bad_rank", "rank"),
            (6, "end_not_after_start", "end"),
            (7, "period_too_long", "end"),
            (8, "period_too_short", "end"),
            (9, "ambiguous_sector", "sector"),
            (10, "missing", "company"),
            (10, "missing", "end"),
            (11, "bad_quotes", None),
            (12, "too_many_cells", None),
        ],
        key=str,
    )


def test_rule_056_doubles_and_overlaps_name_the_other_line() -> None:
    done = csv_of(
        GOOD,
        GOOD,
        "Limoux,L'Etoile,2026-11-23T07:59,2026-11-23T20:00,1\n",
        "Limoux,L'Etoile,2026-11-23T08:00,2026-11-23T20:00,2\n",
        "Narbonne Cote,L'Etoile,2026-11-22T21:00,2026-11-23T08:00,1\n",
    )
    assert codes(done) == [(3, "duplicate_line", None), (4, "overlap", "start")]
    assert "line 2" in done.faults[0].detail
    assert "line 2" in done.faults[1].detail


def test_rule_066_periods_that_follow_each_other_do_not_overlap() -> None:
    done = csv_of(GOOD, "Limoux,L'Etoile,2026-11-23T08:00,2026-11-23T20:00,1\n")
    assert not done.faults
    assert len(done.new) == 2


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"", "empty_file", 1),
        (b"\n \n;;\n", "empty_file", 1),
        (HEAD.encode(), "empty_file", 1),
        (b"sector,company,start\nLimoux,x,y\n", "missing_column", 1),
        (b"sector,company,start,end,fin\na,b,c,d,e\n", "duplicate_column", 1),
        (b"sector,company,start,end,telephone\na,b,c,d,e\n", "unknown_column", 1),
        (HEAD.encode() + GOOD.encode() + b"Limoux\xff,b,c,d,1\n", "bad_encoding", 3),
        (b"\xff\xfe\n", "bad_encoding", 1),
        (HEAD.encode() + GOOD.encode() * (MOST_LINES + 1), "too_many_lines", None),
    ],
)
def test_rule_056_what_is_wrong_with_the_whole_file(body: bytes, code: str, line: int | None) -> None:
    done = import_of(read_csv(body))
    assert [(each.code, each.line) for each in done.faults] == [(code, line)]


def test_rule_056_json_names_what_is_wrong_by_pointer() -> None:
    good = {"sector": "Limoux", "company": "L'Etoile", "starts_at": "2026-11-22T20:00", "ends_at": "x"}
    body = {"periods": [good, 7, good | {"rank": "1"}, good | {"phone": "x"}, good | {"sector": None}]}
    done = import_of(read_json(json.dumps(body).encode()))
    assert [(each.pointer, each.code) for each in done.faults] == [
        ("/periods/1", "wrong_type"),
        ("/periods/2/rank", "wrong_type"),
        ("/periods/3", "unknown_field"),
        ("/periods/0/ends_at", "bad_instant"),
        ("/periods/4/sector", "missing"),
        ("/periods/4/ends_at", "bad_instant"),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"[", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b"\xff\xff", "bad_json"),
        (b"[]", "wrong_type"),
        (b'{"periods": {}}', "wrong_type"),
        (b'{"periods": [], "more": 1}', "wrong_type"),
        (b'{"periods": []}', "empty_file"),
        (b'{"periods": [' + b"1," * MOST_LINES + b"1]}", "too_many_lines"),
    ],
)
def test_rule_056_what_is_wrong_with_the_whole_document(body: bytes, code: str) -> None:
    assert [each.code for each in import_of(read_json(body)).faults] == [code]


def test_rule_056_a_period_that_is_over_is_not_planned() -> None:
    line = "Limoux,L'Etoile,2026-11-19T20:00,2026-11-20T13:00,1\n"
    assert codes(csv_of(line)) == [(2, "already_over", "end")], "13:00 in Paris is noon in UTC"
    assert not csv_of(line.replace("13:00", "13:01")).faults


# -- against what is planned -------------------------------------------------------------------------------------------


def _month(days: int = 10) -> bytes:
    first = datetime(2026, 11, 18)  # noqa: DTZ001 - what a clock shows
    nights = (first + timedelta(days=each) for each in range(days))
    rows = (f"Limoux,L'Etoile,{n:%Y-%m-%d}T20:00,{n + timedelta(days=1):%Y-%m-%d}T08:00,1\n" for n in nights)
    return (HEAD + "".join(rows)).encode()


def test_rule_056_the_same_roster_again_changes_nothing_even_once_it_has_begun() -> None:
    lines, _ = read_lines(read_csv(_month()), KNOWN, PARIS)
    planned = [kept(line) for line in lines]
    for replace in (False, True):
        done = import_of(read_csv(_month()), planned, replace=replace)
        assert (done.faults, done.new, done.withdrawn) == ((), [], [])
        assert len(done.unchanged) == 10


def test_rule_056_another_start_of_a_planned_period_is_refused_unless_it_is_replaced() -> None:
    lines, _ = read_lines(read_csv(_month()), KNOWN, PARIS)
    planned = [kept(line) for line in lines]
    moved = read_csv(_month().replace(b"2026-11-25T20:00", b"2026-11-25T19:00"))
    assert codes(import_of(moved, planned)) == [(9, "overlaps_planned", "start")]
    done = import_of(moved, planned, replace=True)
    assert not done.faults
    assert [each.starts_at.day for each in done.withdrawn] == [25]
    assert len(done.new) == 1


def test_rule_056_a_replaced_roster_leaves_what_has_begun_what_is_open_and_other_sectors() -> None:
    lines, _ = read_lines(read_csv(_month()), KNOWN, PARIS)
    begun = [kept(line) for line in lines if line.starts_at < NOW]
    opened = kept(lines[4], opened=True)
    gone = kept(lines[5])
    elsewhere = kept(
        RosterLine(
            place=lines[5].place,
            sector_id=NARBONNE,
            company_id=CANAL,
            rank=1,
            starts_at=lines[5].starts_at,
            ends_at=lines[5].ends_at,
        )
    )
    asked = kept(lines[6], provisional=True, approved=False)
    later = kept(lines[9])
    rows = _month().splitlines(keepends=True)
    short = read_csv(b"".join([rows[0], rows[4], rows[9]]))
    done = import_of(short, [*begun, opened, gone, elsewhere, asked, later], replace=True)
    assert not done.faults
    assert done.withdrawn == [gone], "in the sector, within the span, not begun, not open, not provisional"


def test_rule_059_a_roster_that_has_what_was_asked_for_confirms_it() -> None:
    lines, _ = read_lines(read_csv((HEAD + GOOD).encode()), KNOWN, PARIS)
    same = kept(lines[0], provisional=True, approved=False)
    assert import_of(read_csv((HEAD + GOOD).encode()), [same]).confirmed == [same]
    other = (HEAD + GOOD.replace("20:00", "19:00")).encode()
    assert not import_of(read_csv(other), [same]).faults, "what is provisional is in nobody's way"


# -- whatever is sent --------------------------------------------------------------------------------------------------

CELLS = st.sampled_from(
    [
        "Limoux",
        "limoux",
        "",
        " ",
        "L'Etoile",
        "Inconnu",
        '"',
        "2026-11-22T20:00",
        "22/11/2026 21:00",
        "1",
        "x",
        "2026-11-23T08:00",
        "2026-10-25T02:30",
        "0",
        "ù",
        "\x00",
    ]
)
TABLES = st.builds(
    lambda head, rows, sign: sign.join(head) + "\n" + "\n".join(sign.join(row) for row in rows),
    st.permutations(["sector", "company", "start", "end", "rank"]) | st.just(["secteur", "x"]),
    st.lists(st.lists(CELLS, max_size=6), max_size=8),
    st.sampled_from([",", ";"]),
)


def _check(done: Plan) -> None:
    assert done.faults or done.new, "a roster that is not refused plans something"
    assert not (done.faults and done.new)
    for fault in done.faults:
        assert isinstance(fault, Fault)
        assert fault.line is not None or fault.pointer is not None or fault.code == "too_many_lines"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400)
    | TABLES.map(str.encode)
    | st.text(max_size=300).map(lambda t: (HEAD + t).encode("utf-8", "replace"))
)
def test_rule_056_no_table_breaks_the_import(body: bytes) -> None:
    _check(import_of(read_csv(body)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | CELLS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["periods", "sector", "company", "starts_at", "ends_at", "rank", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(JSON | st.builds(lambda periods: {"periods": periods}, st.lists(JSON, max_size=5)))
def test_rule_056_no_document_breaks_the_import(document: object) -> None:
    _check(import_of(read_json(json.dumps(document).encode())))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["good", "bad"]), min_size=1, max_size=30))
def test_rule_056_exactly_the_bad_lines_are_named(kinds: list[str]) -> None:
    day = datetime(2027, 1, 1)  # noqa: DTZ001 - what a clock shows
    rows = []
    for number, kind in enumerate(kinds):
        start = day + timedelta(days=number)
        sector = "Limoux" if kind == "good" else "Ailleurs"
        rows.append(f"{sector},L'Etoile,{start:%Y-%m-%d}T20:00,{start:%Y-%m-%d}T23:00,1\n")
    done = csv_of(*rows)
    assert [each.line for each in done.faults] == [
        n for n, kind in enumerate(kinds, start=2) if kind == "bad"
    ]
    assert len(done.new) == (len(kinds) if "bad" not in kinds else 0)


@given(st.text())
def test_names_are_found_however_they_are_typed(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plain(f"  {text}\t") == plain(text)
