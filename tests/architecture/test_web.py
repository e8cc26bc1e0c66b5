"""The pages as files: what they import is there, every word is there in every language, and nothing slips past the policy."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import cast

import pytest
from playwright._impl._driver import compute_driver_executable

from api.problems import KINDS
from api.routes.pages import SHELL_FOLDERS
from api.web_pages import PAGES
from domain.fact_body import Body
from domain.fleet import Volume
from domain.outcomes import Outcome
from domain.people import Role
from domain.vocabulary import (
    AlarmKind,
    DemandStatus,
    Diploma,
    Freshness,
    MissionEndReason,
    Receipt,
    SolicitationState,
    Step,
    Tier,
    WithdrawalReason,
)
from ops import vendor

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "web"
LONGEST_FILES = {".js": 400, ".html": 400, ".css": 400}
"""Lines, of what is not a list of words."""
SHARED = ("core", "problems")
"""Words that every page brings."""
FACES = ("login", "samu", "regulation", "mobile")
SETS: Mapping[str, type[StrEnum]] = {
    "STATUS": DemandStatus,
    "TIER": Tier,
    "ANSWER": SolicitationState,
    "STEP": Step,
    "DIPLOMA": Diploma,
    "FRESHNESS": Freshness,
    "END": MissionEndReason,
    "role": Role,
    "VOLUME": Volume,
    "alarm": AlarmKind,
    "receipt": Receipt,
    "withdrawal": WithdrawalReason,
    "WITHDRAWN": WithdrawalReason,
}
"""The closed sets that the pages put into words, and whose they are."""
ONLY_SOFTWARE_IS_TOLD = frozenset(
    {
        "body_too_large",
        "body_too_slow",
        "head_too_large",
        "malformed_request",
        "idempotency_mismatch",
        "method_not_allowed",
        "missing_credentials",
        "samu_required",
        "token_expired",
        "too_many_cells",
        "unsupported_media_type",
    }
)
"""Refusals that no page can be given, or that it answers by itself."""
NODE_SECONDS = 60
INLINE = re.compile(r"""\s(?:style|on[a-z]+)=["'$]""")
STYLE_MAP = re.compile(r"directives/style-map")
ADDRESS = re.compile(r"""["'`(\s=](?:https?:)?//[\w-]+(?:\.[\w-]+)+""")
NAMES_OF_FORMATS = ("http://www.w3.org/",)
"""Not addresses: nobody goes there."""
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w\"'`])//[^\n]*", re.DOTALL)
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
EXPORTED = re.compile(r"export (?:async )?(?:function\*?|const|let|class) (\w+)")
DEFINED = re.compile(r"(?:\bfunction\*? |^  (?:static |async |get |set )*)(\w+)(?=\(.*\{$)", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{(\w+)\}")

Words = dict[str, str | dict[str, str]]


def own_files(*kinds: str) -> list[Path]:
    found = (path for kind in kinds for path in WEB.rglob(f"*.{kind}"))
    return sorted(path for path in found if "vendor" not in path.relative_to(WEB).parts)


def name_of(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


@cache
def told_by_node() -> dict[str, object]:
    """What `link_modules.mjs` says; the browser tests' driver brings the Node that runs it."""
    node, _ = compute_driver_executable()
    command = [node, "--experimental-vm-modules", "--no-warnings", str(HERE / "link_modules.mjs"), str(WEB)]
    done = subprocess.run(command, capture_output=True, timeout=NODE_SECONDS, check=True, text=True)
    return cast("dict[str, object]", json.loads(done.stdout))


def words_of(language: str, *faces: str) -> Words:
    every = cast("dict[str, Words]", told_by_node()["words"])
    return {key: words for face in faces for key, words in every.get(f"{language}/{face}", {}).items()}


def languages() -> list[str]:
    return sorted(path.name for path in (WEB / "i18n").iterdir())


# -- files ------------------------------------------------------------------------------------------------------


def test_what_was_brought_is_what_the_lock_says() -> None:
    assert vendor.faults() == []


def test_every_module_parses_and_finds_what_it_imports() -> None:
    assert told_by_node()["faults"] == []


@pytest.mark.parametrize("path", own_files("js"), ids=name_of)
def test_what_another_module_gives_is_imported_where_it_is_called(path: Path) -> None:
    """A name that is only ever called comes from nowhere: the browser says so when somebody needs it."""
    text = _text(path)
    named = {*re.findall(r"(?<![\w.$#])(\w+)(?![\w(])", text), *DEFINED.findall(text)}
    called = set(re.findall(r"(?<![\w.$#])(\w+)\(", text))
    assert (called & _exported()) - named == set()


@cache
def _exported() -> frozenset[str]:
    found = (EXPORTED.findall(_text(path)) for path in own_files("js"))
    return frozenset(name for names in found for name in names)


def test_every_address_of_the_import_map_leads_to_a_file_or_a_directory() -> None:
    imports = json.loads((WEB / "importmap.json").read_text(encoding="utf-8"))["imports"]
    for name, address in imports.items():
        target = WEB / address.removeprefix("/web/")
        assert target.is_dir() if name.endswith("/") else target.is_file(), (name, address)


def test_every_page_has_its_module_its_styles_and_its_manifest() -> None:
    for page in PAGES.values():
        for address in (page.module, *page.styles):
            assert (WEB / address.removeprefix("/web/")).is_file(), address
    assert all((WEB / folder).is_dir() for folder in SHELL_FOLDERS)
    assert (WEB / "mobile" / "manifest.webmanifest").is_file()
    assert (WEB / "mobile" / "sw.js").is_file()


def test_every_sheet_is_named_by_a_page_and_names_no_other_one() -> None:
    """A sheet that imports another one is waited for twice."""
    named = {address for page in PAGES.values() for address in page.styles}
    for path in own_files("css"):
        assert f"/web/{name_of(path)}" in named, path
        assert "@import" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", own_files("js", "css", "html"), ids=name_of)
def test_files_stay_small(path: Path) -> None:
    if "i18n" not in path.parts:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= LONGEST_FILES[path.suffix]


# -- policy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", own_files("js", "html", "css", "svg"), ids=name_of)
def test_nothing_inline_and_no_address_outside(path: Path) -> None:
    """The policy would stop both in the browser, in the middle of somebody's night."""
    text = COMMENT.sub("", path.read_text(encoding="utf-8")) if path.suffix != ".svg" else path.read_text()
    if path.suffix in {".js", ".html"}:
        assert INLINE.findall(text) == []
        assert STYLE_MAP.search(text) is None, "it writes style attributes: set properties instead"
    found = [text[one.start() + 1 :] for one in ADDRESS.finditer(text)]
    assert [one[:60] for one in found if not one.startswith(NAMES_OF_FORMATS)] == []


# -- words ------------------------------------------------------------------------------------------------------


def test_every_language_has_the_same_words() -> None:
    """With the same things filled in, and with plural forms where another language has them."""
    first, *others = languages()
    for face in (*SHARED, *FACES):
        here = words_of(first, face)
        assert here, face
        for language in others:
            there = words_of(language, face)
            assert set(here) == set(there)
            for key, words in here.items():
                assert _filled_in(words) == _filled_in(there[key]), key
                assert isinstance(words, dict) == isinstance(there[key], dict), key


def _filled_in(words: str | dict[str, str]) -> set[str]:
    every = [words] if isinstance(words, str) else [words["other"]]
    return {name for each in every for name in PLACEHOLDER.findall(each)}


@pytest.mark.parametrize("language", languages())
def test_every_refusal_of_the_api_has_words(language: str) -> None:
    """And each that names what came with the code has one beside it for when that is not told."""
    known = {key.removeprefix("PROBLEM."): words for key, words in words_of(language, "problems").items()}
    plain = {code: words for code, words in known.items() if not code.endswith(".exact")}
    assert set(KINDS) - ONLY_SOFTWARE_IS_TOLD - set(plain) == set()
    assert {code.removesuffix(".exact") for code in known} - set(plain) == set()
    assert set(plain) - set(KINDS) == set()
    assert [code for code, words in plain.items() if _filled_in(words)] == []


@pytest.mark.parametrize("language", languages())
def test_every_outcome_that_a_fact_may_tell_has_words(language: str) -> None:
    """A fact brings its code alone: where there are no words, the journal would say that something was refused."""
    told = [each for each in _every_body() if "outcome" in each.model_fields]
    console = words_of(language, "samu")
    assert told
    assert [each for each in told if "outcome" not in _filled_in(console[f"fact.{_kind(each)}"])] == []
    refusals = {f"PROBLEM.{each.value}" for each in Outcome if not each.accepted}
    assert refusals - set(words_of(language, "problems")) == set()


def _every_body(of: type[Body] = Body) -> Iterator[type[Body]]:
    for each in of.__subclasses__():
        yield each
        yield from _every_body(each)


def _kind(body: type[Body]) -> str:
    return str(body.model_fields["kind"].default)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("language", languages())
def test_no_face_has_words_of_its_own_for_a_refusal(language: str, face: str) -> None:
    """A code of the API is said in one way on every page: `core/problem.js`."""
    own = words_of(language, face)
    refusals = {str(words) for words in words_of(language, "problems").values()}
    for beginning in ("problem.", "PROBLEM.", *_sets_of_codes(face)):
        assert [key for key in own if key.removeprefix(beginning) in KINDS] == []
    assert [key for key, words in own.items() if str(words) in refusals] == []


def _sets_of_codes(face: str) -> Iterator[str]:
    """What keys begin with that a face looks up by a code: `fault.` in t(`fault.${each.code}`)."""
    for path in (WEB / face).rglob("*.js"):
        yield from re.findall(r"`([\w.-]+\.)\$\{[\w.?]*(?:code|outcome)\}`", _text(path))


def test_what_two_faces_say_alike_stands_in_core() -> None:
    """And none says in its own way what `core` says."""
    for one, other in combinations(FACES, 2):
        assert _said_by(one) & _said_by(other) == set()
    for face in FACES:
        assert set(words_of("fr", face)) & set(words_of("fr", *SHARED)) == set()


def _said_by(face: str) -> set[tuple[str, ...]]:
    """Each key with its words in every language."""
    every = [words_of(language, face) for language in languages()]
    return {(key, *(str(words.get(key)) for words in every)) for key in every[0]}


@pytest.mark.parametrize("face", ["core", *FACES])
def test_no_word_is_there_for_nothing(face: str) -> None:
    """Every key is written somewhere, whole or, where it is put together, by its beginning."""
    folders = ("core", "parts", *FACES) if face == "core" else ("core", "parts", face)
    text = "".join(_text(path) for path in own_files("js") if path.relative_to(WEB).parts[0] in folders)
    beginnings = (*re.findall(r"`([\w.-]+\.\w*)\$\{", text), *(f"{name}." for name in _keys(text, "term")))
    known = words_of("fr", face)
    assert [key for key in known if f'"{key}"' not in text and not key.startswith(beginnings)] == []


@pytest.mark.parametrize("name", SETS)
def test_every_member_of_a_closed_set_has_words(name: str) -> None:
    every = words_of("fr", *SHARED, *FACES)
    assert [each.value for each in SETS[name] if f"{name}.{each.value}" not in every] == []


@pytest.mark.parametrize("path", own_files("js"), ids=name_of)
def test_every_word_that_a_page_says_is_there(path: Path) -> None:
    """A key without words would be shown as it is; so would a member of a set that has none."""
    known = words_of("fr", *SHARED, *_faces_of(path))
    text = _text(path)
    missing = [key for key in _keys(text, "t") if not _is_known(key, known)]
    missing += [f"{name}.…" for name in _keys(text, "term") if not _is_known(f"{name}.${{", known)]
    assert missing == []


def _text(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def _faces_of(path: Path) -> tuple[str, ...]:
    folder = path.relative_to(WEB).parts[0]
    return (folder,) if folder in FACES else ()


def _is_known(key: str, known: Words) -> bool:
    """A key that is put together is known when its beginning is."""
    beginning, *computed = key.split("${")
    return any(each.startswith(beginning) for each in known) if computed else key in known


def _keys(text: str, function: str) -> Iterator[str]:
    """Every text that may be the first argument of a call of this function, whatever it depends on."""
    for call in re.finditer(rf"(?<![\w.$#]){function}\(", text):
        argument = _first_argument(text, call.end())
        for found in STRING.finditer(argument):
            before, after = argument[: found.start()], argument[found.end() :].lstrip()
            compared = before.rstrip().endswith("==") or after.startswith(("==", "!="))
            if not compared and not _is_inside_a_call(before):
                yield found[1] if found[1] is not None else found[2]


def _is_inside_a_call(before: str) -> bool:
    """Whether what comes next is the argument of something else, or an index: `has("…")`, `names["…"]`."""
    opened: list[bool] = []
    for at, sign in enumerate(before):
        if sign in "([":
            opened.append(sign == "[" or before[at - 1 : at].isalnum())
        elif sign in ")]" and opened:
            opened.pop()
    return any(opened)


def _first_argument(text: str, start: int) -> str:
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            if depth == 0:
                return text[start:at]
            depth -= 1
        elif text[at] == "," and depth == 0:
            return text[start:at]
    return text[start:]
