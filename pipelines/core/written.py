"""YAML that people write: read with its lines and held to a model; what is wrong is told with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from pipelines.core.errors import Phrase, SpecError
from pipelines.core.yaml_files import find_lines, parse_yaml, read_text

Model = TypeVar("Model")
Place = Sequence[str | int]
ROOT_PLACE = "–"
# What pydantic says of a value, by the words we have for it in `locales/` (`written.why.<name>`).
_KINDS = {
    "bool_parsing": "bool",
    "bool_type": "bool",
    "dict_type": "mapping",
    "finite_number": "number",
    "float_parsing": "number",
    "float_type": "number",
    "int_from_float": "integer",
    "int_parsing": "integer",
    "int_type": "integer",
    "list_type": "list",
    "model_attributes_type": "mapping",
    "model_type": "mapping",
    "string_type": "text",
    "tuple_type": "list",
    "date_type": "day",
    "date_parsing": "day",
    "date_from_datetime_parsing": "day",
    "date_from_datetime_inexact": "day",
}
_LIMITS = {
    "greater_than": ">",
    "greater_than_equal": "≥",
    "less_than": "<",
    "less_than_equal": "≤",
}


@dataclass(frozen=True)
class Written:
    """A YAML text: what its file is called in an error, and the line of the file on which it begins.

    Where a value may be a misplaced secret, no error shows any (`shows_values`).
    """

    file: str
    text: str
    first_line: int = 1
    shows_values: bool = True

    def read(self) -> Any:
        """Read the YAML; raise SpecError with the line where it is none, or says a key twice."""
        return parse_yaml(
            self.text, self.file, first_line=self.first_line, shows_values=self.shows_values
        )

    def line_of(self, place: Place) -> int:
        """The line of the file on which a key or an entry stands; of what contains it where it is missing."""
        lines = find_lines(self.text, self.first_line)
        path: tuple[str | int, ...] = ()
        for step in place:
            # A step may be missing, or be no key but the kind that a model was chosen by.
            for name in (step, str(step)):
                if (*path, name) in lines:
                    path = (*path, name)
                    break
        return lines.get(path, self.first_line)

    def hold_to(self, model: type[Model] | TypeAdapter[Model], content: Any) -> Model:
        """Check what was read; raise SpecError with file, line and place of the first thing that is wrong."""
        adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
        try:
            return adapter.validate_python(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        place = [
            step for step in first["loc"] if not str(step).startswith(("function-", "literal["))
        ]
        raise self.wrong(place, _why(first, model, self.shows_values))

    def wrong(self, place: Place, why: str | Phrase) -> SpecError:
        """The error that says what is wrong at a place."""
        named = ".".join(map(str, place)) or ROOT_PLACE
        return SpecError(
            "written.bad", file=self.file, line=self.line_of(place), place=named, why=why
        )


def read_written(path: Path, file: str | None = None, *, shows_values: bool = True) -> Written:
    """Take in a file of YAML; raise SpecError when it cannot be read."""
    name = file or str(path)
    return Written(name, read_text(path, name), shows_values=shows_values)


# -- in words --------------------------------------------------------------------------------------


def _why(error: Any, model: Any, shows_values: bool) -> Phrase:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return Phrase(
            "written.why.unknown_key", {"allowed": _allowed_keys(model, error["loc"][:-1])}
        )
    if kind == "missing":
        return Phrase("written.why.missing")
    value = _shown(error.get("input")) if shows_values else "…"
    if kind in ("literal_error", "enum"):
        return Phrase("written.why.not_one_of", {"value": value, "allowed": context["expected"]})
    if kind == "union_tag_invalid":
        tag = repr(context["tag"]) if shows_values else "…"
        return Phrase("written.why.not_one_of", {"value": tag, "allowed": context["expected_tags"]})
    if kind in _KINDS:
        return Phrase(f"written.why.{_KINDS[kind]}", {"value": value})
    if kind in _LIMITS:
        limit = f"{_LIMITS[kind]} {next(iter(context.values()))}"
        return Phrase("written.why.limit", {"value": value, "limit": limit})
    message = error["msg"].removeprefix("Value error, ")
    return Phrase("written.why.other", {"why": message})


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _allowed_keys(model: Any, place: Place) -> str:
    """The keys that a model knows at a place, as far as they can be told."""
    for step in place:
        parts = _models_in(model)
        found = next(
            (
                part.model_fields[str(step)].annotation
                for part in parts
                if str(step) in part.model_fields
            ),
            None,
        )
        model = found if found is not None else model
    names = {
        field.alias or name
        for part in _models_in(model)
        for name, field in part.model_fields.items()
    }
    return ", ".join(sorted(names)) or ROOT_PLACE


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models of an annotation: itself, or those among what it may be or holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
