from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dbaudit.analysis import inventory
from dbaudit.facts import Owner, Ownership, Skipped, Table
from dbaudit.findings import DropIndex, Finding, Recommendation, Remedy, Severity
from dbaudit.report import markdown, markup
from tests.report import sample

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    """Every token of a parsed text, those inside of others too."""
    found = []
    for token in PARSER.parse(text):
        found += [token, *(token.children or ())]
    return found


def many(number: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            check="duplicate_index",
            severity=Severity.WARNING,
            subject=f"Index {one} repeats another",
            detail="Both are indexes.",
            identity=(f"{one:05}",),
            table="shop_order",
            remedy=Remedy(action=DropIndex(table="shop_order", name=f"index_{one}")),
        )
        for one in range(number)
    )


@pytest.mark.parametrize("name", ["plain_name", "Tabelle", "şirket", "a b", "v1.5"])
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    assert markup.text(name) == name
    assert markup.code(name) == f"`{name}`"


@pytest.mark.parametrize(
    "name",
    [
        sample.HOSTILE,
        "|",
        "a\\|b",
        "`",
        "``",
        "- x",
        "1. x",
        "# x",
        "<b>",
        "&amp;",
        "[a](b)",
        "_a_",
        "*a*",
        "~~a~~",
        "  ",
    ],
)
def test_a_hostile_name_is_nothing_but_text_wherever_it_stands(name: str) -> None:
    allowed = {"text", "code_inline", "inline"}
    for markup_text in (markup.text(name), markup.code(name)):
        kinds = {token.type for token in tokens(markup_text)}
        assert kinds <= allowed | {"paragraph_open", "paragraph_close"}
        assert {token.type for token in tokens(f"### {markup_text}")} <= allowed | {"heading_open", "heading_close"}


@pytest.mark.parametrize("name", [sample.HOSTILE, "|", "a\\|b", "``|``", "\\", "a\\"])
def test_a_hostile_name_neither_ends_its_table_cell_nor_its_row(name: str) -> None:
    drawn = markup.table(["a", "b", "c"], [[markup.text(name), markup.code(name), "x"]], "llr")
    cells = [token for token in PARSER.parse(drawn) if token.type == "td_open"]
    assert len(cells) == 3


def test_code_ends_where_it_should_even_if_it_holds_fences() -> None:
    drawn = markup.block("a\n```\n````\nb", "sql") + "\n\nafter"
    kinds = [token.type for token in PARSER.parse(drawn)]
    assert kinds == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_the_hostile_report_holds_no_html_link_or_emphasis() -> None:
    kinds = {token.type for token in tokens(markdown.render(sample.report()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "em_open", "s_open", "image", "hr"}


def test_every_row_of_every_table_has_as_many_cells_as_its_head() -> None:
    heads = cells = rows = 0
    for token in PARSER.parse(markdown.render(sample.report())):
        heads = 0 if token.type == "table_open" else heads + (token.type == "th_open")
        cells = 0 if token.type == "tr_open" else cells + (token.type in ("td_open", "th_open"))
        if token.type == "tr_close":
            rows += 1
            assert cells == heads
    assert rows > 50


def test_no_control_character_reaches_the_file() -> None:
    drawn = markdown.render(sample.report())
    assert all(one.isprintable() or one == "\n" for one in drawn)


def test_the_sections_come_in_the_order_of_the_analysis() -> None:
    titles = [line[3:] for line in markdown.render(sample.report()).splitlines() if line.startswith("## ")]
    assert titles == [
        "Summary",
        "Database structure",
        "Application distribution",
        "Top tables by records",
        "Top tables by size",
        "Query performance",
        "Foreign keys",
        "Indexes",
        "Findings",
        "Suppressed",
        "Recommendations",
        "Implementation plan",
        "Scorecard",
        "Next steps",
        "Not examined",
        "Schema by application",
        "Fixed",
        "Stale suppressions",
        "How to reproduce",
    ]


def test_each_of_several_databases_has_a_part_of_its_own() -> None:
    drawn = markdown.render(sample.report(sample.clean(), sample.empty()))
    assert drawn.count("\n### Summary\n") == 2
    assert drawn.count("\n## How to reproduce\n") == 1


def test_a_database_without_findings_does_not_look_like_one_that_was_not_examined() -> None:
    clean = markdown.render(sample.report(sample.clean()))
    assert "No findings: 2 checks ran, none found anything." in clean
    assert "everything examined" in clean
    blind = markdown.render(sample.report(sample.empty()))
    assert "No findings" not in blind
    assert "No check ran, so this says nothing about the database." in blind
    assert "1 thing not examined" in blind


def test_checks_for_another_server_are_all_named_in_one_line_apart_from_what_was_not_seen() -> None:
    others = tuple(Skipped(f"check_{one}", "Works on postgresql only.", "vendor") for one in range(40))
    unseen = tuple(Skipped(f"place_{one}", "No statistics.") for one in range(13))
    drawn = markdown.render(sample.report(replace(sample.clean(), skipped=others + unseen)))
    lines = [line for line in drawn.splitlines() if "Works on postgresql only." in line]
    assert len(lines) == 1
    assert all(markup.text(one.what) in lines[0] for one in others)
    assert sum("and 1 more" in line and "No statistics." in line for line in drawn.splitlines()) == 1
    assert "53 things not examined" in drawn
    assert "everything examined" not in drawn


def test_nothing_but_the_head_and_how_to_reproduce_depends_on_the_time_or_the_versions() -> None:
    first = sample.report()
    second = replace(first, generated_at="2026-01-01T00:00:00+00:00", duration_seconds=9.9, django="6.1", dbaudit="2")
    other = markdown.render(second).splitlines()
    differing = [line for line in markdown.render(first).splitlines() if line not in other]
    assert [line.split()[1] for line in differing] == ["**Date**:", "dbaudit", "Django", "Generated", "Took"]


def test_findings_of_one_cause_show_its_sentence_once() -> None:
    drawn = markdown.render(sample.report())
    headings = [line for line in drawn.splitlines() if line.startswith("##### Django's automatic")]
    assert headings == [
        "##### Django's automatic foreign-key index leads to nothing that a wider index does not serve (45)"
    ]


def test_a_check_that_found_much_is_cut_with_the_number_of_the_rest() -> None:
    found = many(400)
    drawn = markdown.render(sample.report(replace(sample.clean(), findings=found)))
    assert drawn.count("\n##### ") == 10
    assert "… and 370 more; the JSON has all." in drawn
    assert len(drawn.splitlines()) < 500


def test_a_report_of_five_thousand_tables_stays_readable() -> None:
    tables = tuple(
        Table(name=f"t{one:04}", rows=one, rows_are="exact", bytes=one, ownership=Ownership(app=f"a{one % 200}"))
        for one in range(5_000)
    )
    snapshot = replace(sample.SNAPSHOT, tables=tables, models=())
    found = many(5_000)
    recommendations = tuple(
        Recommendation(rank=rank, priority="low", phase=2, title=one.subject, remedy=one.remedy, findings=(one.key,))
        for rank, one in enumerate(found, 1)
    )
    database = replace(
        sample.clean(),
        snapshot=snapshot,
        summary=inventory.summary(snapshot, found),
        applications=inventory.applications(snapshot),
        findings=found,
        recommendations=recommendations,
        skipped=tuple(Skipped(table.name, "The audit's role may not read it.") for table in tables),
    )
    drawn = markdown.render(sample.report(database))
    assert len(drawn.splitlines()) < 800
    assert "t0011 and 4,988 more" in drawn


def test_of_tables_with_equally_many_records_the_bigger_then_the_wider_goes_first() -> None:
    drawn = markdown.render(sample.report())
    section = drawn.partition("## Top tables by records")[2].partition("## Top tables by size")[0]
    ranked = [line.split("|")[2].strip() for line in section.splitlines() if line.startswith("|")][2:]
    assert ranked == ["`shop.Customer`", "`auth.Permission`", "`shop.Order`", "`shop.Hostile`"]


def test_a_remedy_that_was_not_tried_says_so() -> None:
    drawn = markdown.render(sample.report())
    assert "Change the query. Not verified: this remedy was not tried." in drawn
    assert "Verified: The definitions were compared in the database's catalog." in drawn


@pytest.mark.parametrize("group", ["", "Django's tables carry an index too many"])
def test_only_findings_in_the_projects_own_code_come_with_a_remedy(group: str) -> None:
    remedy = Remedy(action=DropIndex(table="t", name="i"), sql="DROP INDEX i")

    def drawn(owner: Owner) -> str:
        found = tuple(replace(one, owner=owner, group=group, remedy=remedy) for one in many(2))
        return markdown.render(sample.report(replace(sample.clean(), findings=found)))

    assert "Index 1 repeats another" in drawn("django")
    assert "DROP INDEX i" not in drawn("django")
    assert "DROP INDEX i" in drawn("project")
