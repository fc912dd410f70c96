"""The book's Sphinx extension, on a small book of its own."""

import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import build_book

from bookext import pictures, plotly_figures
from bookext.figure_html import controls, figure_html
from gevbook.training import exercises

REPOSITORY = "https://github.com/owner/name"
FACTS = "**Time** an hour. **You need** nothing. **In the paper** all of it."
FIGURE = {
    "data": [{"x": [0, 1], "y": [0, 1]}],
    "layout": {
        "height": 400,
        "margin": {"t": 90, "b": 20},
        "meta": {"alt": 'A line & a "rise"', "narrow": {"height": 420}},
        "updatemenus": [
            {
                "type": "buttons",
                "active": 1,
                "buttons": [
                    {"label": "a<b", "method": "restyle", "args": []},
                    {"label": "c", "method": "restyle", "args": []},
                ],
            }
        ],
        "sliders": [
            {
                "active": 2,
                "currentvalue": {"prefix": "r = "},
                "steps": [{"label": f"{i}°", "method": "animate", "args": [[i]]} for i in range(4)],
            }
        ],
    },
}
NUMBER, ORDER, SELECTION = "check_updates", "check_order", "check_checkpoint"
QUESTIONS = """
- name: one
  asks: Is $x < 1$ if `x` is "0"?
  choices:
    - {says: never, wrong: 'It is, see Eq. 9 & others.'}
    - {says: $x < 1$, right: Zero is.}
- name: some
  asks: Which are even?
  because: Two divides them.
  selection:
    - {says: two, right: Two is even.}
    - {says: three, wrong: Three is odd.}
- name: many
  asks: How many?
  number: 3.5
  because: Counted.
  slips: {4: Rounded., -3.5: The sign.}
  otherwise: Count.
"""
CONFIG = f"""
extensions = ["myst_nb", "sphinxcontrib.katex", "bookext"]
myst_enable_extensions = ["deflist", "dollarmath"]
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
html_theme = "sphinx_book_theme"
html_title = "A small book"
html_math_renderer = "katex"
katex_prerender = True
katex_css_path = "katex/katex.min.css"
html_context = {{"default_mode": "auto"}}
html_theme_options = {{
    "repository_url": "{REPOSITORY}", "repository_branch": "dev", "launch_buttons": {{}},
}}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    source = tmp_path_factory.mktemp("book")
    (source / "conf.py").write_text(CONFIG)
    (source / "index.md").write_text(
        "# Start\n\nToo short.\n\nThese are the first words that say what the page is about; then"
        " there are so many more of them that nobody who searches will ever be shown them all.\n\n"
        "Of Eq. 9 and A1 more is said; not of Eq. 99, `Eq. 9`, or Eq. 9-fold.\n\n"
        "[One](part/first.ipynb) · an hour\n: How it *begins*.\n\n"
        "```{toctree}\n:numbered:\npart/first\npart/second\npart/training\npart/third\n```\n"
    )
    (source / "part").mkdir()
    output = nbformat.v4.new_output("display_data", data={plotly_figures.MIME: FIGURE}, metadata={})
    words = nbformat.v4.new_output(
        "display_data",
        data={"text/markdown": "See the *rise* of $x$ in Eq. 9.", "text/plain": "<object>"},
    )
    cells = [
        nbformat.v4.new_markdown_cell(f"# First\n\n{FACTS}\n\nIt begins."),
        nbformat.v4.new_markdown_cell("$$ a = b \\tag{9} $$\n\nand\n\n$$ a = b \\tag{9} $$"),
        nbformat.v4.new_markdown_cell("Feedback alignment, `gate`, *gate*; feedback, Gates, gate."),
        nbformat.v4.new_code_cell("1 + 1", outputs=[output, words]),
        nbformat.v4.new_code_cell("2 + 2", outputs=[output]),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "part" / "first.ipynb")
    (source / "part" / "second.md").write_text(
        "---\nhtml_meta:\n  description: Its own words.\n---\n# Second\n\n"
        "$$ c = d \\tag{9} $$\n\n$$ c = 0 \\tag{A1} $$\n\nSee Eqs. 9, A1.\n\n"
        "```{glossary}\nFeedback\n  A gate hears it.\n\nFeedback alignment (FA)\n  A rule.\n\n"
        "Gate\n  Open or closed.\n```\n"
    )
    asks = [f"answer = None\nexercises.{name}(answer)" for name in (NUMBER, ORDER, SELECTION)]
    answers = [nbformat.v4.new_output("stream", text="Put your answer in.\n")]
    cells = [nbformat.v4.new_code_cell(text, outputs=answers) for text in asks]
    cells.insert(0, nbformat.v4.new_markdown_cell("# Training\n\nWith exercises."))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "part" / "training.ipynb")
    (source / "part" / "questions.yml").write_text(QUESTIONS)
    (source / "part" / "third.md").write_text("# Third\n\n```{quiz} questions.yml\n```\n")
    out = tmp_path_factory.mktemp("built") / "html"
    build_book(source, out)
    return source, out


def page(book, name):
    return BeautifulSoup((book[1] / f"{name}.html").read_text(), "html.parser")


def links(html, number):
    return [a["href"] for a in html.select("article a") if a.get_text() == number]


def test_a_numbered_equation_has_an_anchor_once_a_page(book):
    assert len(page(book, "part/first").select("#eq-9")) == 1
    assert page(book, "part/second").select_one("#eq-a1").select(".katex")


def test_a_mention_leads_to_the_page_s_own_equation_or_the_first(book):
    start = page(book, "index")
    assert links(start, "9") == ["part/first.html#eq-9"]
    assert links(start, "A1") == ["part/second.html#eq-a1"]
    assert links(start, "99") == []
    second = page(book, "part/second")
    assert links(second, "9") == ["#eq-9"]
    assert links(second, "A1") == ["#eq-a1"]


def test_a_chapter_s_first_mention_of_a_term_leads_to_the_glossary(book):
    found = {a.get_text(): a["href"] for a in page(book, "part/first").select("a.term")}
    places = {
        "Feedback alignment": "Feedback-alignment-FA",
        "feedback": "Feedback",
        "Gates": "Gate",
    }
    assert found == {words: f"second.html#term-{place}" for words, place in places.items()}
    assert len(page(book, "part/first").select("a.term")) == 3
    assert len(page(book, "part/first").select("a.term.rule-fa")) == 1
    assert not page(book, "part/second").select("a.term")


@pytest.mark.parametrize("name", ["index", "part/first", "part/second", "part/third"])
def test_every_page_leads_to_the_repository_s_issues(book, name):
    found = [a["href"] for a in page(book, name).select("header a, .bd-header-article a")]
    assert [url for url in found if url.startswith(f"{REPOSITORY}/issues/new")]


def test_the_facts_of_a_chapter_get_buttons(book):
    block = page(book, "part/first").select_one(".chapter-facts")
    assert block.select_one(".chapter-promise").get_text() == "How it begins."
    facts = [fact.get_text().strip() for fact in block.select(".facts > .fact")]
    assert facts == ["Time an hour.", "You need nothing.", "In the paper all of it."]
    assert "It begins" not in block.get_text()
    there = {a.get_text(): a["href"] for a in block.select("a")}
    assert there == {
        "Run in Colab": "https://colab.research.google.com/github/"
        "owner/name/blob/dev/part/first.ipynb",
        "Download notebook": "../_sources/part/first.ipynb",
        "See in repository": f"{REPOSITORY}/blob/dev/part/first.ipynb",
    }
    assert (book[1] / "_sources" / "part" / "first.ipynb").is_file()
    assert not page(book, "part/second").select(".chapter-facts")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("index", "These are the first words that say what the page is about; then"),
        ("part/first", "First: a page of “A small book”."),
        ("part/second", "Its own words."),
        ("search", "Search: a page of “A small book”."),
    ],
)
def test_descriptions(book, name, words):
    (tag,) = page(book, name).select('meta[name="description"]')
    assert tag["content"].startswith(words)
    assert len(tag["content"]) < 160


def test_figures_have_words_controls_and_their_json(book):
    html = page(book, "part/first")
    figure = html.select_one(".plotly-figure")
    assert figure["aria-label"] == 'A line & a "rise"'
    assert 'A line & a "rise"' in html.select_one("noscript p.figure-words").get_text()
    drawn = json.loads(figure.script.string)
    assert drawn["data"] == FIGURE["data"]
    assert drawn["layout"] == FIGURE["layout"]
    assert figure["style"] == "--height:400px;--narrow-height:420px"
    menu, slider = html.select("#figure-1 .figure-controls .figure-control")
    assert [(b.get_text(), b["aria-pressed"]) for b in menu.select("button")] == [
        ("a<b", "false"),
        ("c", "true"),
    ]
    assert slider.output.get_text() == slider.input["aria-valuetext"] == "2°"
    assert (slider.input["max"], slider.input["value"]) == ("3", "2")
    assert slider.input["aria-label"] == "r"


def test_figures_have_a_number_an_address_and_the_caption_that_follows_them(book):
    one, two = page(book, "part/first").select("figure.book-figure")
    assert one["id"] == "figure-1"
    assert one.select_one("figcaption").get_text().startswith("Figure 1.1 See the rise of ")
    assert one.select_one("figcaption a.figure-number")["href"] == "#figure-1"
    assert one.select("figcaption em")
    assert one.select("figcaption .katex"), "mathematics is set"
    assert one.select_one("figcaption a[href='#eq-9']")
    assert two.select_one("figcaption").get_text().strip() == "Figure 1.2"
    assert not page(book, "part/first").select(".cell_output > p"), "the caption is there once"


def test_pictures_stay_as_long_as_their_figures(tmp_path):
    folder = pictures.Folder(tmp_path)
    (tmp_path / "page").mkdir()
    for name in ("one", "two"):
        for width in pictures.WIDTHS:
            folder.file(name, width).parent.mkdir(parents=True, exist_ok=True)
            folder.file(name, width).write_text("<svg/>")
    folder.keep(["two"])
    assert not folder.has("one")
    assert folder.has("two")
    assert folder.html("one", "../") == ""
    picture = BeautifulSoup(folder.html("two", "../"), "html.parser").picture
    files = [picture.img["src"], picture.source["srcset"]]
    assert [(tmp_path / "page" / file).is_file() for file in files] == [True, True]
    assert [file.split("/")[:3] for file in files] == [["..", "_images", "figures"]] * 2
    assert "noscript" not in figure_html(FIGURE, str(picture))


def test_a_figure_that_changes_gets_another_picture():
    changed = {**FIGURE, "data": [{"x": [0, 1], "y": [0, 2]}]}
    assert pictures.name_of(FIGURE) == pictures.name_of(json.loads(json.dumps(FIGURE)))
    assert pictures.name_of(FIGURE) != pictures.name_of(changed)


def folded(form):
    """The replies to each answer, as readers without scripts see them."""
    return [
        (item.strong.get_text().removesuffix(":"), item.select_one(".says").get_text())
        for item in form.select("noscript li")
    ]


def test_a_quiz_has_its_questions_choices_and_folded_answers(book):
    html = page(book, "part/third")
    one, some, many = html.select("form.question")
    assert one.legend.get_text().startswith("1. Is")
    assert one.legend.select(".katex")
    assert one.legend.code.get_text() == "x"
    assert one["data-name"] == "questions.one"
    assert one["data-asks"] == 'Is $x < 1$ if `x` is "0"?'
    assert [box["value"] for box in one.select("input[type=radio]")] == ["never", "$x < 1$"]
    assert json.loads(one["data-facts"]) == {"kind": "choice", "answers": ["$x < 1$", "never"]}
    assert folded(one)[1] == ("never", "It is, see Eq. 9 & others.")
    assert one.select_one("noscript li:last-child a")["href"] == "first.html#eq-9"
    assert [box["value"] for box in some.select("input[type=checkbox]")] == ["two", "three"]
    facts = {"kind": "selection", "right": ["two"], "words": ["two", "three"]}
    assert json.loads(some["data-facts"]) == facts
    assert folded(some) == [
        ("two (right)", "Two divides them."),
        ("two", "Two is even."),
        ("three", "Three is odd."),
    ]
    facts = {"kind": "number", "tolerance": 0.02, "percent": False, "answers": [3.5, 4, -3.5]}
    assert json.loads(many["data-facts"]) == facts
    assert folded(many)[2:] == [("-3.5", "The sign."), ("anything else", "Count.")]
    assert not html.select("form.question details[open]")


def test_exercises_of_a_chapter_become_questions_from_the_package(book):
    html = page(book, "part/training")
    number, selection = html.select("form.question")
    assert number["data-name"] == f"training.{NUMBER}"
    assert number["data-asks"] == exercises.check_updates.asks
    assert folded(number)[0] == ("89110 (right)", exercises.check_updates.because)
    assert {box["value"] for box in selection.select("input")} == set(
        exercises.check_checkpoint.slips
    )
    (cell,) = html.select("div.cell")  # what is no number and no choice is answered in Python
    assert ORDER in cell.get_text()
    assert "Put your answer in" not in html.get_text()
    assert "answered in Python, in the notebook" in cell.get_text()


def test_scripts_of_questions_load_where_there_are_questions(book):
    for name, wanted in [("index", 0), ("part/first", 0), ("part/training", 2), ("part/third", 2)]:
        scripts = [s["src"] for s in page(book, name).select("script[src]") if "quiz" in s["src"]]
        assert len(scripts) == wanted
        for script in scripts:
            assert (book[1] / "part" / script.split("?")[0]).is_file()


def test_many_choices_are_a_list_and_commands_stay_unpressed():
    buttons = [{"label": str(i)} for i in range(8)]
    many = controls({"updatemenus": [{"type": "buttons", "buttons": buttons}]})
    options = BeautifulSoup(many, "html.parser").select("select option")
    assert [o.get_text() for o in options] == [str(i) for i in range(8)]
    assert [o.has_attr("selected") for o in options] == [True] + [False] * 7
    play = {"type": "buttons", "showactive": False, "buttons": buttons[:2]}
    assert "aria-pressed" not in controls({"updatemenus": [play]})
    assert controls({}) == ""


def test_a_script_cannot_end_inside_the_json():
    figure = {**FIGURE, "data": [{"text": "</script><b>"}]}
    html = figure_html(figure)
    assert html.count("</script>") == 1
    assert json.loads(re.search(r"<script[^>]*>(.*?)</script>", html)[1])["data"] == figure["data"]


def test_a_page_has_one_style_sheet_and_scripts_that_wait(book):
    for name, up in [("index", ""), ("part/first", "../")]:
        html = page(book, name)
        (sheet,) = [s["href"].split("?")[0] for s in html.select('link[rel="stylesheet"]')]
        assert sheet == f"{up}_static/book.css"
        assert all(s.has_attr("defer") for s in html.select("head script[src]"))
        assert not [s for s in html.select("script[src]") if "searchindex" in s["src"]]
    assert [s for s in page(book, "search").select("script[src]") if "searchindex" in s["src"]]


def test_a_page_has_colours_before_any_script_of_the_theme(book):
    html = page(book, "index")
    assert html.html["data-theme"] == "light"
    without_storage, early = (script.string for script in html.select("head script")[:2])
    assert "try { localStorage; } catch" in without_storage
    assert 'matchMedia("(prefers-color-scheme: dark)")' in early


def test_the_style_sheet_keeps_what_pages_use_and_its_addresses_lead_somewhere(book):
    static = book[1] / "_static"
    css = (static / "book.css").read_text()
    assert ".bd-article" in css
    assert ".fa-bars" in css
    assert ".fa-skull" not in css
    for theme in ("light", "dark"):
        assert f'html[data-theme="{theme}"] .highlight .mi' in css  # the 1 of the notebook's 1 + 1
    assert "@import" not in css
    addresses = re.findall(r"url\((?!data:|#|\"data|'data)[\"']?([^)\"']+)", css)
    assert addresses
    assert not [a for a in addresses if not (static / a.split("?")[0].split("#")[0]).is_file()]


def test_icon_fonts_keep_the_icons_in_use(book):
    from fontTools.ttLib import TTFont

    fonts = book[1] / "_static" / "vendor" / "fontawesome" / "webfonts"
    with TTFont(fonts / "fa-solid-900.woff2") as font:
        assert 0xF0C9 in font.getBestCmap()  # the bars that open the contents
    assert (fonts / "fa-solid-900.woff2").stat().st_size < 20_000


def test_a_second_build_leaves_finished_pages_alone(book):
    source, out = book
    before = {path: path.read_bytes() for path in out.rglob("*.html")}
    build_book(source, out)
    assert {path: path.read_bytes() for path in out.rglob("*.html")} == before


def test_without_a_repository_no_button_leads_nowhere(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONFIG.replace(REPOSITORY, ""))
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# A\n\n{FACTS}\n")]),
        source / "index.ipynb",
    )
    build_book(source, tmp_path / "out")
    html = BeautifulSoup((tmp_path / "out" / "index.html").read_text(), "html.parser")
    assert [a.get_text() for a in html.select(".chapter-facts a")] == ["Download notebook"]
    assert not [a for a in html.select("a") if "github" in a["href"] or "colab" in a["href"]]
