"""Briefings as files: what the PDF says is what the release holds, in both languages; each file appears whole."""

import datetime as dt
import os
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from pipelines import briefings
from pipelines.briefings import BriefingError, Document, documents, save
from pipelines.cli import main
from pipelines.definitions import defs
from pipelines.defs.briefings import BRIEFINGS, JOB
from pipelines.runs import NIGHTLY
from tests.conftest import wardlight
from tests.dashboards import browsing, sample_release
from tests.pdf_text import pages, plain

CALLS = """echo "$@" > "{log}"
for each in "$@"; do case "$each" in --print-to-pdf=*) echo PDF > "${{each#*=}}";; esac; done"""
"""A browser that writes down how it was called and prints at once."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    sample_release.write(folder)
    return folder


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "1_en.html"
    path.write_text("<p>Nothing stands out.</p>", encoding="utf-8")
    return Document(path, "1", "2026-03", "en", "r")


def browser_that(folder: Path, script: str) -> str:
    """An executable that stands for Chromium where what matters is how it is called and what it leaves."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def needs_chromium() -> None:
    if briefings.chromium() is None:
        if os.environ.get("CI"):
            pytest.fail(browsing.MISSING)
        pytest.skip(browsing.MISSING)


@pytest.mark.slow
@pytest.mark.browser
def test_the_asset_prints_the_release_s_figures_in_both_languages(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needs_chromium()
    monkeypatch.setenv("WARDLIGHT_HOME", str(home))
    config = {"month": "2016-11", "areas": ["75"], "languages": ["en", "zh"]}
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        done = defs.resolve_job_def(JOB).execute_in_process(
            run_config={"ops": {"publishing__briefings": {"config": config}}}, instance=instance
        )
    assert done.success
    (made,) = done.asset_materializations_for_node("publishing__briefings")
    assert made.metadata["briefings"].value == 2
    assert made.metadata["format"].value == "pdf"
    assert made.metadata["release_id"].value == "2016-12-31-sample"
    folder = home / "briefings" / "2016-11"
    assert sorted(path.name for path in folder.iterdir()) == ["75_en.pdf", "75_zh.pdf"]
    with duckdb.connect(str(home / "releases" / "current" / "release.duckdb"), read_only=True) as con:
        told = con.sql(
            "select title_en, title_zh, decimals, value, lower, upper from indicator_values "
            "join indicator_catalogue using (indicator_id) where area_id = '75' and period_kind = 'month' "
            "and period_start = '2016-11-01' and indicator_id in ('B1_theft', 'B1_shooting', 'B3', 'X4')"
        ).fetchall()
    assert len(told) == 4
    for language, title in (("en", "Precinct 75, November 2016"), ("zh", "第75分局，2016年11月")):
        printed = pages(folder / f"75_{language}.pdf")
        whole = "".join(printed)
        assert len(printed) <= 3
        assert plain(title) in printed[0]
        assert plain("2016-12-31-sample") in printed[-1]
        for english, chinese, decimals, value, lower, upper in told:
            assert plain(english if language == "en" else chinese) in whole
            interval = plain(f"{lower:,.{decimals}f} – {upper:,.{decimals}f}")
            assert f"{value:,.{decimals}f}{interval}" in whole, (language, english)


@pytest.mark.slow
def test_the_command_writes_a_document_where_there_is_no_chromium_and_refuses_clearly(
    home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "brief.html"
    done = wardlight("briefing", "75", "2016-11", "--home", home, "--out", out, "--language", "zh", PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: 75, 2016-11, of release 2016-12-31-sample\n"
    assert "第75分局，2016年11月" in out.read_text(encoding="utf-8")
    with pytest.raises(BriefingError, match="There is no area atlantis in this release"), documents(home, ["atlantis"]):
        pass


@pytest.mark.parametrize(
    ("month", "name", "said"),
    [
        ("2016-13", "a.pdf", "'2016-13' is not a month"),
        ("2016-11", "a.docx", "a briefing is a .pdf or a .html file"),
        ("2016-11", "a.pdf", "there is no Chromium to print it with"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_started(
    month: str, name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    refused = CliRunner().invoke(
        main, ["briefing", "75", month, "--home", str(tmp_path), "--out", str(tmp_path / name)]
    )
    assert refused.exit_code == 1
    assert said in refused.output
    assert not (tmp_path / name).exists()


def test_without_chromium_the_document_is_kept_instead(document: Document, tmp_path: Path) -> None:
    target = tmp_path / "2026-03" / "1_en.html"
    save(document, target, None)
    assert target.read_bytes() == document.path.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["1_en.html"]


def test_a_browser_that_fails_leaves_the_file_before_as_it_was(document: Document, tmp_path: Path) -> None:
    target = tmp_path / "out" / "1_en.pdf"
    target.parent.mkdir()
    target.write_text("before", encoding="utf-8")
    for script in ("exit 3", "echo no display >&2; exit 0"):
        with pytest.raises(BriefingError, match="did not print"):
            save(document, target, browser_that(tmp_path, script))
        assert target.read_text(encoding="utf-8") == "before"
    assert [path.name for path in target.parent.iterdir()] == ["1_en.pdf"]


def test_the_browser_gets_a_profile_of_its_own_and_opens_our_file_alone(document: Document, tmp_path: Path) -> None:
    log = tmp_path / "called"
    save(document, tmp_path / "out" / "1_en.pdf", browser_that(tmp_path, CALLS.format(log=log)))
    called = log.read_text(encoding="utf-8").split()
    assert called[-1] == document.path.as_uri()
    (profile,) = [each for each in called if each.startswith("--user-data-dir=")]
    assert not Path(profile.partition("=")[2]).exists()
    assert ("--no-sandbox" in called) == (os.geteuid() == 0)


@pytest.mark.slow
def test_without_a_release_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(BriefingError, match="There is no release to show yet"), documents(tmp_path):
        pass


def test_they_are_made_each_month_after_the_night_s_run_and_by_no_other_job() -> None:
    schedule = defs.resolve_schedule_def("every_month")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 6 3 * *", "America/New_York")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == JOB
    moment = dt.datetime(2017, 1, 3, 11, 30, tzinfo=dt.UTC)
    context = dg.build_schedule_context(scheduled_execution_time=moment, repository_def=defs.get_repository_def())
    tick = schedule.evaluate_tick(context)
    assert tick.run_requests is not None
    assert [request.run_key for request in tick.run_requests] == ["2017-01-03T11:30:00+00:00"]
    selected = defs.resolve_job_def(JOB).asset_layer.executable_asset_keys
    assert selected == {BRIEFINGS}
    nightly = defs.resolve_job_def(NIGHTLY).asset_layer
    assert BRIEFINGS not in nightly.executable_asset_keys
    graph = defs.get_repository_def().asset_graph
    assert nightly.executable_asset_keys == graph.executable_asset_keys - {BRIEFINGS}
