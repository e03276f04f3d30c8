"""The files of the month's documents: one paper in four formats and two languages, the same bytes each time."""

from __future__ import annotations

import html
import importlib.util
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from python_calamine import CalamineWorkbook

from pipelines.core.errors import SpecError
from pipelines.documents.reports import fonts, pdf, write
from pipelines.documents.reports.charts import Bar, draw_bars
from pipelines.documents.reports.docx import write_docx
from pipelines.documents.reports.model import (
    Chart,
    Paper,
    Part,
    Section,
    Text,
    join_unbroken_parts,
)
from pipelines.documents.reports.template import TEMPLATE, draw_template
from pipelines.documents.reports.write import write_documents
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import LANGUAGES, load_labels
from tests.documents.papers import blocks, paper
from tests.support.scored import scored_operator
from tests.support.small import only


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


def find_font_package() -> Path:
    """Where the fonts that come along are installed."""
    spec = importlib.util.find_spec(fonts.PACKAGE)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


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
    in_mm = [round(size.mm) for size in sizes if size is not None]
    assert in_mm == [210, 297, 37, 35, 28, 26]
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


def test_on_a_phone_every_cell_of_the_page_says_what_it_is(
    written: tuple[str, dict[str, Path]],
) -> None:
    """No table has to be moved sideways: its rows are cards, each cell under its title."""
    text = written[1]["html"].read_text(encoding="utf-8")
    tables = re.findall(r'<table class="cards[^"]*">(.*?)</table>', text, re.DOTALL)
    assert len(tables) == text.count("<table") > 5
    for table in tables:
        width = len(re.findall(r"<th[ >]", table))
        for row in re.findall(r"<tr[^>]*>(?=<td)(.*)", table):
            titles = re.findall(r'<td(?: data-title="([^"]*)")?[ >]', row)
            assert len(titles) == width and all(titles[1:]), row


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
        name = html.unescape(cells[1].split(">")[1])
        figure = paper(language).figures[name]
        assert figure["shown"] == html.unescape(
            cells[0].split(">")[1]
        ) and shown.lstrip("-") == figure["shown"].lstrip("-")
        if figure["source"] in ("kpi_monthly", "kpi_trend"):
            page, topic = only(re.findall(r'href="([^"#]+)#([^"]+)"', row))
            assert page in exported and topic == figure["topic"] and topic in entries
            stated = cells[3].split(">")[1]
            if figure["numerator"] is None:
                assert stated == "–"
            else:
                # What was multiplied for the KPI's unit is stated as what it counts.
                counted, _, multiplier = stated.partition(" × ")
                product = Decimal(counted) * int(multiplier or 1)
                assert float(product) == pytest.approx(float(figure["numerator"]))
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
    assert of["numerator"] is not None and of["denominator"] is not None
    assert told[name] == [
        name,
        of["topic"],
        float(of["numerator"]),
        float(of["denominator"]),
        2.0,
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
        source = find_font_package() / "NotoSansSC-Regular.otf"
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
        str(path) for path in find_font_package().glob("*.otf")
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
