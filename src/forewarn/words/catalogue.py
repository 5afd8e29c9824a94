"""The texts of each language: Fluent files of the package, and a site's own over them."""

import difflib
from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from forewarn.errors import ConfigError

FOLDER = Path(__file__).parents[1] / "locale"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.ftl")))
RIGHT_TO_LEFT = frozenset({"he", "ar"})


def phrase(language: str, name: str, own: Path | None, **values: str | int) -> str:
    """A message with its values put in.

    own : folder of a site's own texts, LANGUAGE.ftl; None = only those of the package
    """
    bundle = _bundle(language, own)
    pattern = bundle.get_message(name).value if bundle.has_message(name) else None
    if pattern is None:
        raise ConfigError(f"{language}.ftl: text {name!r} is missing")
    text, errors = bundle.format_pattern(pattern, values)
    if errors:
        raise ConfigError(f"{language}.ftl: text {name!r}: {errors[0]}")
    return str(text)


@cache
def said(language: str, name: str, own: Path | None, audience: str = "everyone") -> str:
    """A message that only depends on for whom it is."""
    return phrase(language, name, own, audience=audience)


def has(language: str, name: str, own: Path | None) -> bool:
    """Whether there is such a message."""
    return bool(_bundle(language, own).has_message(name))


@cache
def messages(language: str, own: Path | None) -> dict[str, ast.Message]:
    """Every message by name, as it is written."""
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r}: no texts; known: {', '.join(LANGUAGES)}")
    paths = [FOLDER / f"{language}.ftl", *_own_files(language, own)]
    found: dict[str, ast.Message] = {}
    for path in paths:
        for entry in _entries(path).body:
            if not isinstance(entry, ast.Message):
                continue
            if path.parent != FOLDER and entry.id.name not in found:
                close = difflib.get_close_matches(entry.id.name, found, n=1)
                meant = f"; did you mean {close[0]!r}?" if close else ""
                raise ConfigError(f"{path}: there is no text {entry.id.name!r}{meant}")
            found[entry.id.name] = entry
    return found


@cache
def _bundle(language: str, own: Path | None) -> FluentBundle:
    # no isolation marks: they count as characters in a phone's short message
    bundle = FluentBundle([language], use_isolating=False)
    resource = ast.Resource(list(messages(language, own).values()))
    bundle.add_resource(resource)
    return bundle


def _own_files(language: str, own: Path | None) -> list[Path]:
    if own is None:
        return []
    if not own.is_dir():
        raise ConfigError(f"{own}: is no folder of texts")
    for path in sorted(own.glob("*.ftl")):
        if path.stem not in LANGUAGES:
            raise ConfigError(
                f"{path}: no language {path.stem!r}; known: {', '.join(LANGUAGES)}"
            )
    path = own / f"{language}.ftl"
    return [path] if path.exists() else []


def _entries(path: Path) -> ast.Resource:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    resource: ast.Resource = FluentResource(text)
    for entry in resource.body:
        if isinstance(entry, ast.Junk):
            start = entry.span.start if entry.span else 0
            line = text.count("\n", 0, start) + 1
            reason = entry.annotations[0].message
            raise ConfigError(f"{path}, line {line}: is no Fluent: {reason}")
    return resource
