"""The bundle of a web folder: minifying, public names, catalogues."""

import json
from pathlib import Path

import pytest

from guestkey.edge.web.bundle import Bundle, minify
from tests.rows_and_columns import each_row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "texts").mkdir()
    catalogue = {"shared": {"yes": "ja", "days": {"one": "Tag"}}, "panel": {"title": "Zugang"}}
    later = {"panel.later": {"more": "mehr"}}
    swiss = {"shared": {"days": {"one": "Tägli"}}, "panel": {}}
    (tmp_path / "texts" / "de.json").write_text(json.dumps(catalogue | later))
    (tmp_path / "texts" / "de-ch.json").write_text(json.dumps(swiss))
    return tmp_path


def bundle(folder: Path) -> Bundle:
    return Bundle(sources=folder / "web", catalogues=folder / "texts", surfaces=["panel"], later=["panel.later"])


def test_a_module_loses_comments_and_needless_white_space(folder: Path) -> None:
    source = "// The module.\n\n/**\n * The function.\n */\nf(() => {\n  // Why.\n  g();\n\n  h();\n});\n"
    (folder / "web" / "a.js").write_text(source)

    assert bundle(folder).content("a.js") == "f(()=>{g();h()});"


@each_row(
    ("source", "served"),
    [
        ('a = [" , ; ", `${ b } ; `, / ; "/.test(c)];', 'a=[" , ; ",`${ b } ; `,/ ; "/.test(c)];'),
        ("if (a) b();\nelse\n  c(d / 2 / e);\n", "if(a)b();else\nc(d/2/e);"),
        ("f({\n  a,\n  b: [\n    1,\n  ],\n});\n", "f({a,b:[1]});"),
        ("/** @type {A} */\nlet a = /** @type {B} */ (b);\n", "let a=(b);"),
        ("class A {\n  #a = 1;\n\n  get b() {\n    return this.#a;\n  }\n}\n", "class A{#a=1;get b(){return this.#a}}"),
    ],
)
def test_only_text_with_a_meaning_is_kept(source: str, served: str) -> None:
    assert minify(source, ".js") == served


def test_a_style_sheet_keeps_only_the_white_space_that_has_a_meaning(folder: Path) -> None:
    source = "/* Why. */\nul > li a:hover,\n.b {\n  margin: 0 1px;\n  width: calc(1px + 2px);\n}\n"
    (folder / "web" / "a.css").write_text(source)

    assert bundle(folder).content("a.css") == "ul>li a:hover,.b{margin:0 1px;width:calc(1px + 2px);}"


def test_a_mention_becomes_the_public_name(folder: Path) -> None:
    (folder / "web" / "a.js").write_text('import "./b.js";\n')
    (folder / "web" / "b.js").write_text("b();\n")
    built = bundle(folder)

    assert built.content("a.js") == f'import"./{built.public_name("b.js")}";'


def test_a_mention_of_a_missing_file_is_an_error(folder: Path) -> None:
    (folder / "web" / "a.js").write_text('import "./b.js";\n')

    with pytest.raises(FileNotFoundError, match=r"b\.js"):
        bundle(folder).content("a.js")


def test_a_public_name_changes_with_the_content_of_a_mentioned_file(folder: Path) -> None:
    (folder / "web" / "a.js").write_text('import "./b.js";\n')
    (folder / "web" / "b.js").write_text("b();\n")
    before = bundle(folder).public_name("a.js")
    (folder / "web" / "b.js").write_text("c();\n")

    assert bundle(folder).public_name("a.js") != before


def test_a_surface_gets_the_shared_texts_and_its_own_and_a_region_overrides_its_language(folder: Path) -> None:
    built = bundle(folder)

    assert built.texts("panel", "de") == {"yes": "ja", "days": {"one": "Tag"}, "title": "Zugang"}
    assert built.texts("panel", "de", "-ch") == {"yes": "ja", "days": {"one": "Tägli"}, "title": "Zugang"}
    assert built.content("panel.de-ch.js") == ('export default {"yes":"ja","days":{"one":"Tägli"},"title":"Zugang"};\n')


def test_the_texts_of_a_later_part_come_without_those_that_are_there_before(folder: Path) -> None:
    assert bundle(folder).content("panel.later.de-ch.js") == 'export default {"more":"mehr"};\n'


def test_the_bundle_has_the_assets_and_a_module_for_each_surface_and_language(folder: Path) -> None:
    for name in ("a.js", "a.css", "a.svg", "a.html"):
        (folder / "web" / name).write_text("")

    assert sorted(bundle(folder).names) == [
        "a.css", "a.js", "a.svg", "panel.de-ch.js", "panel.de.js", "panel.later.de-ch.js", "panel.later.de.js",
    ]  # fmt: skip
