"""The files for Prometheus and Grafana hang together: shapes, links, and nothing that only works on our machine."""

import re
from typing import Any

import pytest
import yaml

from domain.outcomes import Outcome
from domain.vocabulary import AlarmKind
from tests.fixtures.figures import ROOT, SHOWN, Rule, dashboard, expressions, names_asked, rules

DURATION = re.compile(r"\d+[smh]")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(document: str) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_where_help_is(rule: Rule) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert DURATION.fullmatch(rule.get("for", "1s"))
    assert rule["labels"] == {"severity": rule["labels"]["severity"]}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith((".", "?"))
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors(document)


def test_the_promised_figures_have_an_alert() -> None:
    names = {rule["alert"] for rule in rules()}
    assert len(names) == len(rules())
    watched = " ".join(rule["expr"] for rule in rules())
    for figure in (
        *("temporal_workflow_task_execution_failed_total", "rescousse_first_solicitation_seconds_bucket"),
        *("rescousse_oldest_unrecorded_fact_seconds", "rescousse_recording_lag_seconds_bucket"),
        *("rescousse_position_write_seconds_bucket", "rescousse_engine_probe_ok", "temporal_num_pollers"),
        *("rescousse_oldest_notification_seconds", 'outcome="too_late"'),
    ):
        assert figure in watched


def test_words_in_expressions_are_words_of_the_field() -> None:
    outcomes = re.findall(r'outcome="(\w+)"', " ".join(expressions()))
    alarms = re.findall(r'alarm!?="(\w+)"', " ".join(expressions()))
    assert set(outcomes) <= {*Outcome, "accepted"}
    assert set(alarms) <= set(AlarmKind)


def test_every_panel_asks_the_chosen_source() -> None:
    board = dashboard()
    [variable] = board["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    sources = [each for panel in panels for each in (panel, *panel["targets"])]
    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in sources} == {
        ("prometheus", "${datasource}")
    }


def test_panels_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place: dict[str, int] = panel["gridPos"]
        covers = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not covers & taken, panel["title"]
        assert max(x for x, _ in covers) < 24
        taken |= covers


def test_the_rows_are_those_of_the_house() -> None:
    rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    assert rows == [
        *("Demands", "Dispatch speed", "Answers", "Engine", "Positions", "Streams and notifications"),
        "Database",
    ]


def test_every_figure_that_is_asked_for_is_explained() -> None:
    text = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    bare = {re.sub(r"_(bucket|total)$", "", name) for name in names_asked()}
    assert {name for name in bare if name not in text} == set()


def test_the_example_of_prometheus_names_the_rules() -> None:
    told: dict[str, Any] = yaml.safe_load((SHOWN / "prometheus.yml").read_text(encoding="utf-8"))
    assert [(SHOWN / name).exists() for name in told["rule_files"]] == [True]
    jobs = {job["job_name"] for job in told["scrape_configs"]}
    asked = set(re.findall(r"rescousse-\w+", " ".join(expressions())))
    assert {"rescousse-api", "rescousse-worker"} == jobs >= asked
