"""YAML that people write, read with its lines and held to a model; faults have file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pipelines.core.errors import Phrase, SpecError
from pipelines.core.yaml_files import find_lines, parse_yaml, read_text

Model = TypeVar("Model")
Place = Sequence[str | int]
ROOT_PLACE = "–"
_PYDANTICS_OWN = ("function-", "literal[")  # steps of a place that stand in no file
_MOST_SHOWN = 60  # characters of a value in an error
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
    """A YAML text, what its file is called in an error, and the line on which it begins.

    Where a value may be a misplaced secret, no error shows any (`shows_values`).
    """

    file: str
    text: str
    first_line: int = 1
    shows_values: bool = True

    def read(self) -> Any:
        """Read the YAML; raise SpecError with the line where it is none, or says a key twice."""
        return parse_yaml(
            self.text,
            self.file,
            first_line=self.first_line,
            shows_values=self.shows_values,
        )

    def read_as(self, model: type[Model] | TypeAdapter[Model]) -> Any:
        """Read the YAML, which a model allows; raise SpecError for the first fault of either."""
        content = self.read()
        self.hold_to(model, content)
        return content

    def line_of(self, place: Place) -> int:
        """Return the line of a key or an entry; of what contains it where it is missing."""
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
        """Return the content as its model; raise SpecError with the place of the first fault."""
        adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
        try:
            return adapter.validate_python(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]

        steps = [
            step for step in first["loc"] if not str(step).startswith(_PYDANTICS_OWN)
        ]
        raise self.wrong(steps, _say_why(first, model, self.shows_values))

    def wrong(self, place: Place, why: str | Phrase) -> SpecError:
        """Return the error that says what is wrong at a place."""
        named = ".".join(map(str, place)) or ROOT_PLACE
        return SpecError(
            "written.bad",
            file=self.file,
            line=self.line_of(place),
            place=named,
            why=why,
        )


def read_written(
    path: Path, file: str | None = None, *, shows_values: bool = True
) -> Written:
    """Take in a file of YAML; raise SpecError when it cannot be read."""
    name = file or str(path)
    return Written(name, read_text(path, name), shows_values=shows_values)


# -- in words --------------------------------------------------------------------------------------


def _say_why(error: ErrorDetails, model: Any, shows_values: bool) -> Phrase:
    """What pydantic found, in our words; `…` stands for a value that may not be shown."""
    kind = error["type"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = _list_allowed_keys(model, error["loc"][:-1])
        return Phrase("written.why.unknown_key", {"allowed": allowed})

    if kind == "missing":
        return Phrase("written.why.missing")

    value = _show_value(error.get("input")) if shows_values else "…"
    if kind in ("literal_error", "enum"):
        return Phrase(
            "written.why.not_one_of", {"value": value, "allowed": context["expected"]}
        )

    if kind == "union_tag_invalid":
        tag = repr(context["tag"]) if shows_values else "…"
        return Phrase(
            "written.why.not_one_of",
            {"value": tag, "allowed": context["expected_tags"]},
        )

    if kind in _KINDS:
        return Phrase(f"written.why.{_KINDS[kind]}", {"value": value})
    if kind in _LIMITS:
        limit = next(iter(context.values()))
        facts = {"value": value, "limit": f"{_LIMITS[kind]} {limit}"}
        return Phrase("written.why.limit", facts)

    message = error["msg"].removeprefix("Value error, ")
    return Phrase("written.why.other", {"why": message})


def _show_value(value: object) -> str:
    """A value as an error shows it, cut where it is long."""
    text = repr(value)
    if len(text) <= _MOST_SHOWN:
        return text
    return f"{text[:_MOST_SHOWN]}…"


def _list_allowed_keys(model: Any, place: Place) -> str:
    """The keys that a model knows at a place, as far as they can be told."""
    for step in place:
        inner = _find_annotation(model, str(step))
        if inner is not None:
            model = inner

    names = set()
    for part in _find_models(model):
        for name, known in part.model_fields.items():
            names.add(known.alias or name)

    return ", ".join(sorted(names)) or ROOT_PLACE


def _find_annotation(model: Any, key: str) -> Any:
    """What a key of a model may be; None of one that it does not know, or that may be anything."""
    for part in _find_models(model):
        if key in part.model_fields:
            return part.model_fields[key].annotation
    return None


def _find_models(annotation: Any) -> list[type[BaseModel]]:
    """The models of an annotation: itself, or those among what it may be or holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for part in get_args(annotation):
        found += _find_models(part)
    return found
