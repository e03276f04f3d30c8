"""The month's documents: one paper in four formats and two languages, every number a figure, the same bytes each time."""

from __future__ import annotations

import html
import importlib.util
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from python_calamine import CalamineWorkbook

from pipelines.catalogue.outputs import BRANCH_SECTION, hash_meaning, load_kpis
from pipelines.core.errors import SpecError
from pipelines.documents.reports import fonts, pdf, write
from pipelines.documents.reports.charts import Bar, draw_bars, draw_bridge, draw_trend
from pipelines.documents.reports.docx import write_docx
from pipelines.documents.reports.model import (
    Chart,
    Paper,
    Part,
    Section,
    Table,
    Text,
    join_parts,
    join_unbroken_parts,
)
from pipelines.documents.reports.template import TEMPLATE, draw_template
from pipelines.documents.reports.write import make_month_paper, write_documents
from pipelines.rooms.report.sentences import Writer, name_direction, tell_kpi
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import LANGUAGES, load_labels
from tests.support.scored import scored_operator
from tests.support.small import Row, only, read


@cache
def paper(language: str) -> Paper:
    return make_month_paper(scored_operator().version, language, is_draft=True)


@pytest.fixture(scope="module", params=LANGUAGES)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Path]]:
    """The documents of one language, by the ending of their name."""
    folder = tmp_path_factory.mktemp("papers")
    files = write_documents(
        scored_operator().version, folder, request.param, is_draft=True
    )
    return request.param, {file.suffix[1:]: file for file in files}


def blocks(of: Paper) -> list[Text | Table | Chart]:
    return [block for section in of.sections for block in section.blocks]


# -- figures and sentences ---------------------------------------------------------------------------------------


def test_every_figure_is_a_figure_of_the_kpi_table() -> None:
    version = scored_operator().version
    rows = {
        (f"{r['kpi']}.{r['variant']}", r["scope_kind"], r["scope_id"]): r
        for r in read(version, "kpi_monthly")
    }
    checked = 0
    printed = [
        f
        for f in read(version, "report_figure", source="kpi_monthly")
        if f["measure"] != "change"
    ]
    for figure in printed:
        row = rows[figure["topic"], figure["scope_kind"], figure["scope_id"]]
        assert float(figure["number"]) == pytest.approx(
            float(row[figure["measure"]]), abs=1e-11
        )
        assert row["status"] in ("released", "caveat") and figure["month"] == str(
            version.month
        )
        checked += 1
    assert checked > 300
    earlier = read(version, "report_figure", source="kpi_trend", measure="value")
    assert len({figure["month"] for figure in earlier}) == 5


def test_ids_are_unique_and_say_what_they_are() -> None:
    figures = read(scored_operator().version, "report_figure")
    assert len({f["figure"] for f in figures}) == len(figures)
    for f in figures:
        assert f["figure"] == ":".join(
            (f["measure"], f["topic"], f["scope_kind"], f["scope_id"], f["month"])
        )


def a_figure(measure: str, number: float, shown: str) -> Row:
    return {
        "figure": f"{measure}:made.plain:company:company:2026-08",
        "number": number,
        "shown": shown,
    }


def a_row(**other: object) -> Row:
    fixed = {
        "kpi": "made",
        "variant": "plain",
        "scope_kind": "company",
        "scope_id": "company",
        "better": "lower",
    }
    return fixed | {"status": "released", "reason": None, "gap": -0.01} | other


@pytest.mark.parametrize(
    ("number", "shown", "rule"),
    [
        (0.0012, "0.12", "rise"),
        (-0.0012, "-0.12", "fall"),
        (0.00001, "0.00", "flat"),
        (-0.00001, "0.00", "flat"),
    ],
)
def test_a_change_rises_falls_or_is_none_as_it_is_printed(
    number: float, shown: str, rule: str
) -> None:
    assert name_direction(a_figure("change", number, shown)) == rule


def told(row: Row, *figures: Row) -> str:
    return ";".join(
        tell_kpi(Writer("2026-08", [row], {f["figure"]: f for f in figures}), row)[0]
    )


def test_rules_of_a_sentence() -> None:
    value, target = (
        a_figure("value", 0.01, "1.00 %"),
        a_figure("target", 0.02, "2.00 %"),
    )
    gap, change = a_figure("gap", -0.01, "-1.00"), a_figure("change", 0.001, "0.10")
    year = a_figure("year_change", 0.0, "0.00")
    assert told(a_row(), value) == "value;end"
    assert (
        told(a_row(), value, target, gap, change, year)
        == "value;met;rise;year_flat;end"
    )
    assert told(a_row(better="higher"), value, target, gap) == "value;missed;end"
    assert told(a_row(better="higher", gap=0.0), value, target, gap) == "value;met;end"
    assert told(a_row(status="caveat", reason="x.y"), value) == "value;caveat;end"
    assert told(a_row(status="withheld", reason="x.y")) == "withheld"
    assert told(a_row(status="not_computed", reason="base month")) == "not_computed"
    assert told(a_row()) == "nobody"


def test_withheld_and_not_computed_figures_are_nowhere() -> None:
    version = scored_operator().version
    unusable = {
        r["kpi"]
        for r in read(version, "kpi_monthly", is_default=True)
        if r["status"] not in ("released", "caveat")
    }
    assert unusable
    assert not [
        f
        for f in read(version, "report_figure", source="kpi_monthly")
        if f["topic"].split(".")[0] in unusable
    ]


# -- the paper ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_tables_and_sentences_is_a_figure(language: str) -> None:
    """What stands beside figures has digits in months, dates and words of definitions only."""
    of = paper(language)
    cells = [
        c
        for b in blocks(of)
        if isinstance(b, Table)
        for row in b.rows
        for p, c in enumerate(row)
        if p in b.numeric
    ]
    texts = [b.parts for b in blocks(of) if isinstance(b, Text)]
    loose = [
        p.text
        for cell in (*cells, *texts)
        for p in cell
        if p.figure is None and re.search(r"\d", p.text)
    ]
    assert all(re.search(r"20\d\d-\d\d|^[^\d]*\d+ ?000", text) for text in loose), loose
    assert all(
        p.figure in of.figures for cell in (*cells, *texts) for p in cell if p.figure
    )


def test_both_languages_print_the_same_figures_in_the_same_places() -> None:
    def printed(language: str) -> list[list[str]]:
        found = []
        for block in blocks(paper(language)):
            cells = [block.parts] if isinstance(block, Text) else []
            cells += (
                [cell for row in block.rows for cell in row]
                if isinstance(block, Table)
                else []
            )
            found.append(
                sorted(
                    f"{p.figure} {p.text}" for cell in cells for p in cell if p.figure
                )
            )
        return found

    assert printed("zh") == printed("en")


def test_the_sections_are_those_of_the_office_in_their_order() -> None:
    titles = [section.title for section in paper("zh").sections]
    assert titles == [
        "一、总体情况",
        "二、各支局排名",
        "三、重点派单执行",
        "四、模型与数据质量",
        "五、问题与下月安排",
        "附：口径与数据来源",
    ]
    assert [b.is_blank for b in paper("zh").sections[4].blocks if isinstance(b, Text)][
        -1
    ]


def test_every_chart_tells_its_figures_in_words() -> None:
    charts = [block for block in blocks(paper("en")) if isinstance(block, Chart)]
    assert len(charts) >= 6
    for chart in charts:
        assert "<title>" in chart.svg and chart.title in chart.description
        for number in re.findall(r">(-?[\d,.]+(?: %)?)</text>", chart.svg):
            assert number in chart.description or re.fullmatch(r"\d\d-\d\d", number)


def test_charts_stand_odd_figures() -> None:
    flat = [
        Bar("a<b&", 0.0, "0.00 %"),
        Bar("很长的名字很长的名字很长", 0.0, "0.00 %", is_grey=True),
    ]
    assert "a&lt;b&amp;" in draw_bars("t", flat) and "…" in draw_bars("t", flat)
    assert "nan" not in draw_trend("t", flat) and "nan" not in draw_trend("t", flat[:1])
    below = [
        Bar("base", 10.0, "10"),
        Bar("loss", -25.0, "-25"),
        Bar("now", -15.0, "-15"),
    ]
    assert "nan" not in draw_bridge("t", below) and 'width="-' not in draw_bridge(
        "t", below
    )
    assert 'width="-' not in draw_bars(
        "t", [Bar("x", -3.0, "-3"), Bar("y", 2.0, "2")], (1.0, "1")
    )


# -- the files ---------------------------------------------------------------------------------------------------


def test_the_same_month_gives_the_same_bytes(
    written: tuple[str, dict[str, Path]], tmp_path: Path
) -> None:
    language, files = written
    again = write_documents(
        scored_operator().version, tmp_path, language, is_draft=True
    )
    assert {file.suffix[1:]: file.read_bytes() for file in again} == {
        k: f.read_bytes() for k, f in files.items()
    }
    assert set(files) == {"docx", "html", "xlsx", "pdf"}


def test_a_draft_says_so_and_a_released_month_does_not(
    tmp_path: Path, written: tuple[str, dict[str, Path]]
) -> None:
    language, files = written
    mark = paper(language).draft
    assert mark in "\n".join(p.text for p in Document(str(files["docx"])).paragraphs)
    assert mark in files["html"].read_text(encoding="utf-8")
    released = write_documents(
        scored_operator().version, tmp_path, language, is_draft=False
    )
    assert mark not in "\n".join(p.text for p in Document(str(released[0])).paragraphs)
    assert mark not in released[1].read_text(encoding="utf-8")


def test_the_page_is_that_of_the_standard_and_fonts_are_named(
    written: tuple[str, dict[str, Path]],
) -> None:
    document = Document(str(written[1]["docx"]))
    page = document.sections[0]
    sizes = (
        page.page_width,
        page.page_height,
        page.top_margin,
        page.bottom_margin,
        page.left_margin,
        page.right_margin,
    )
    assert [round(size.mm) for size in sizes] == [210, 297, 37, 35, 28, 26]
    fonts = {
        s.name: s.element.rPr.rFonts.get(qn("w:eastAsia"))
        for s in document.styles
        if s.name.startswith("Paper")
    }
    assert (fonts["Paper Title"], fonts["Paper Text"], fonts["Paper Caption"]) == (
        "方正小标宋简体",
        "仿宋_GB2312",
        "黑体",
    )
    text = document.styles["Paper Text"]
    assert (text.font.size.pt, text.paragraph_format.line_spacing.pt) == (16, 28)
    assert not any(font is None for font in fonts.values())


def test_tables_have_no_empty_cell_and_pictures_their_words(
    written: tuple[str, dict[str, Path]],
) -> None:
    document = Document(str(written[1]["docx"]))
    assert all(
        cell.text.strip()
        for table in document.tables
        for row in table.rows
        for cell in row.cells
    )
    assert all(shape._inline.docPr.get("descr") for shape in document.inline_shapes)
    assert not re.search(r"\{[{%]", "\n".join(p.text for p in document.paragraphs))


def test_links_of_the_page_lead_somewhere(written: tuple[str, dict[str, Path]]) -> None:
    text = written[1]["html"].read_text(encoding="utf-8")
    wanted, there = (
        set(re.findall(r'href="#([^"]+)"', text)),
        set(re.findall(r'id="([^"]+)"', text)),
    )
    assert len(wanted) > 20 and wanted <= there
    assert not re.search(r"<script|src=|url\(|@import", text) and text.count(
        "http"
    ) == text.count("http://www.w3.org/2000/svg")


def test_a_number_of_the_page_leads_to_its_numerator_its_denominator_and_its_definition(
    written: tuple[str, dict[str, Path]], tmp_path: Path
) -> None:
    language, files = written
    text = files["html"].read_text(encoding="utf-8")
    folder = MonthFolder(scored_operator().home, scored_operator().months[-1])
    exported = {f.name: f for f in write.export_documents(folder, tmp_path, language)}
    entries = set(
        re.findall(
            r'id="([^"]+)"',
            exported["2026-08_dictionary.html"].read_text(encoding="utf-8"),
        )
    )
    checked = 0
    for anchor, shown in re.findall(
        r'<a class="figure" href="#(f-\d+)" title="[^"]*">([^<]+)</a>', text
    ):
        row = only(re.findall(rf'<tr id="{anchor}">(.*)', text))
        cells = [re.sub(r"<[^>]+>", "", cell) for cell in row.split("<td")[1:]]
        figure = paper(language).figures[html.unescape(cells[1][1:])]
        assert figure["shown"] == html.unescape(
            cells[0].split(">")[1]
        ) and shown.lstrip("-") == figure["shown"].lstrip("-")
        if figure["source"] in ("kpi_monthly", "kpi_trend"):
            name, topic = only(re.findall(r'href="([^"#]+)#([^"]+)"', row))
            assert name in exported and topic == figure["topic"] and topic in entries
            assert cells[3].split(">")[1] == (
                "–"
                if figure["numerator"] is None
                else f"{figure['numerator'].normalize():f}"
            )
            checked += 1
    assert checked > 100


def test_the_annex_says_of_each_figure_what_it_is_made_of(
    written: tuple[str, dict[str, Path]],
) -> None:
    language, files = written
    words = load_labels(language)
    book = CalamineWorkbook.from_path(str(files["xlsx"]))
    rows = book.get_sheet_by_name(words["sheet.figures"]).to_python(
        skip_empty_area=False
    )
    header = next(row for row in rows if words["figure"] in row)
    names = ("figure", "kpi_id", "numerator", "denominator", "definition_version")
    told = {
        row[header.index(words["figure"])]: [row[header.index(words[n])] for n in names]
        for row in rows
    }
    name = "gap:arrears_rate.t1_amount:company:company:2026-08"
    of = paper(language).figures[name]
    assert told[name] == [
        name,
        of["topic"],
        float(of["numerator"]),
        float(of["denominator"]),
        1.0,
    ]


def charts(language: str) -> list[Chart]:
    return [block for block in blocks(paper(language)) if isinstance(block, Chart)]


def test_each_chart_is_a_picture_in_word_and_a_drawing_in_the_page(
    written: tuple[str, dict[str, Path]],
) -> None:
    language, files = written
    wanted = [chart.title for chart in charts(language)]
    document = Document(str(files["docx"]))
    pictures = document.inline_shapes
    assert [shape._inline.docPr.get("title") for shape in pictures] == wanted and len(
        wanted
    ) > 4
    for shape in pictures:
        part = document.part.related_parts[
            shape._inline.graphic.graphicData.pic.blipFill.blip.embed
        ]
        assert part.blob.startswith(b"\x89PNG") and len(part.blob) > 5000
    assert files["html"].read_text(encoding="utf-8").count("<figure ") == len(wanted)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lost", ["package", "file"])
def test_without_the_fonts_word_has_the_figures_as_tables_and_the_lint_expects_them(
    lost: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "no_such_fonts"
    if lost == "file":  # the package is there, but half of what it should bring
        (tmp_path / "fonts" / name).mkdir(parents=True)
        (tmp_path / "fonts" / name / "__init__.py").touch()
        source = Path(str(importlib.util.find_spec(fonts.PACKAGE).origin)).with_name(
            "NotoSansSC-Regular.otf"
        )
        (tmp_path / "fonts" / name / source.name).symlink_to(source)
        monkeypatch.syspath_prepend(tmp_path / "fonts")
    monkeypatch.setattr(fonts, "PACKAGE", name)
    folder = MonthFolder(scored_operator().home, scored_operator().months[-1])
    written = write.export_documents(
        folder, tmp_path / "out", language
    )  # raises if the lint disagrees
    files = {file.name: file for file in written}
    assert not [name for name in files if name.endswith(".pdf")]
    document = Document(str(files["2026-08_summary.docx"]))
    assert len(document.inline_shapes) == 0
    drawn = [
        tuple(tuple(cell.text for cell in row.cells) for row in table.rows)
        for table in document.tables
    ]
    for chart in charts(language):
        rows = tuple(tuple(map(join_unbroken_parts, row)) for row in chart.figures.rows)
        assert drawn.count((chart.figures.header, *rows)) == 1, chart.title


def test_the_fonts_of_the_machine_make_no_difference() -> None:
    """The machine's own are not asked for: there are those that came along and the compiler's."""
    svg = draw_bars("题", [Bar("罗湖", 3.0, "3"), Bar("南山", 2.0, "2")])
    found = fonts.find_chinese_fonts()
    assert found is not None
    assert {one.path for one in found.found.fonts() if one.path} == {
        str(path)
        for path in Path(
            str(importlib.util.find_spec(fonts.PACKAGE).origin)
        ).parent.glob("*.otf")
    }
    with_glyphs, without = (
        pdf.draw_picture(svg, found),
        pdf.draw_picture(svg.replace("罗湖", "南山"), found),
    )
    assert with_glyphs != without, (
        "two names are two pictures, not two rows of the same boxes"
    )


def test_an_office_s_template_may_have_tables_of_its_own(tmp_path: Path) -> None:
    own = Document(str(TEMPLATE))
    letterhead = own.add_table(rows=1, cols=2)
    letterhead.cell(0, 0).text = "某公司文件"
    own.element.body.insert(0, letterhead._tbl)
    own.save(str(tmp_path / "own.docx"))
    write_docx(tmp_path / "out.docx", paper("zh"), tmp_path / "own.docx")
    tables = Document(str(tmp_path / "out.docx")).tables
    assert tables[0].cell(0, 0).text == "某公司文件"
    assert tables[1].rows[0]._tr.trPr is not None and tables[0].rows[0]._tr.trPr is None


def test_the_template_that_came_along_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    draw_template(tmp_path / "drawn.docx")
    for part in ("word/document.xml", "word/styles.xml", "word/footer1.xml"):
        assert ZipFile(tmp_path / "drawn.docx").read(part) == ZipFile(TEMPLATE).read(
            part
        )


def test_the_office_s_own_template_goes_first_and_reaches_nothing(
    tmp_path: Path,
) -> None:
    own = Document(str(TEMPLATE))
    own.paragraphs[0].insert_paragraph_before("中国某公司 {{ title }}")
    (tmp_path / "templates").mkdir()
    own.save(str(tmp_path / "templates" / "summary.docx"))
    files = write_documents(
        scored_operator().version, tmp_path / "out", "zh", is_draft=True, home=tmp_path
    )
    assert Document(str(files[0])).paragraphs[0].text.startswith("中国某公司 2026年8月")
    own.paragraphs[0].insert_paragraph_before("{{ title.__class__.__mro__ }}")
    own.save(str(tmp_path / "bad.docx"))
    with pytest.raises(SpecError) as caught:
        write_docx(tmp_path / "bad_out.docx", paper("zh"), tmp_path / "bad.docx")
    assert "unsafe" in str(caught.value.facts["why"])


SHORT = Paper(
    language="en",
    month="2026-08",
    title="A paper",
    said=(),
    draft="",
    sections=(Section("one", "1. One", (Text((Part("Text"),)),)),),
    figures={},
)


def broken_tag(path: Path) -> None:
    own = Document(str(TEMPLATE))
    own.paragraphs[0].insert_paragraph_before("{% if %}")
    own.save(str(path))


def no_word_file(path: Path) -> None:
    path.write_bytes(b"not a Word file")


def half_a_file(path: Path) -> None:
    path.write_bytes(TEMPLATE.read_bytes()[:9000])


def no_content(path: Path) -> None:
    with ZipFile(path, "w") as target:
        target.writestr("word/document.xml", "<a>")


@pytest.mark.parametrize("damage", [broken_tag, no_word_file, half_a_file, no_content])
def test_a_template_that_cannot_be_used_is_named(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    damage(tmp_path / "own.docx")
    with pytest.raises(SpecError) as caught:
        write_docx(tmp_path / "out.docx", SHORT, tmp_path / "own.docx")
    assert caught.value.facts["file"] == tmp_path / "own.docx"
    assert not (tmp_path / "out.docx").exists()


def test_sentences_are_rows(tmp_path: Path) -> None:
    rows = read(scored_operator().version, "report_sentence")
    assert list(rows[0]) == ["section", "place", "rules", "slots"]
    branches = {r["section"] for r in rows if r["section"].startswith(BRANCH_SECTION)}
    assert {r["section"] for r in rows} - branches == {
        "overall",
        "ranks",
        "dispatch",
        "quality",
        "next",
        "activity",
    }
    assert only([r for r in rows if r["rules"] == "bridge"])["section"] == "overall"
    assert all(join_parts(b.parts) for b in blocks(paper("zh")) if isinstance(b, Text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dictionary_has_every_variant_with_its_version_and_its_select(
    language: str,
) -> None:
    page = (
        scored_operator().version.path / "outbox" / f"dictionary.{language}.html"
    ).read_text(encoding="utf-8")
    for kpi in load_kpis():
        for variant, words in kpi.spec.meta["variants"].items():
            assert f'id="{kpi.name}.{variant}"' in page and words[
                language
            ] in html.unescape(page)
        assert kpi.spec.sql in html.unescape(page) and hash_meaning(kpi) in page
    assert not re.search(r"<script|src=|https?:", page)
