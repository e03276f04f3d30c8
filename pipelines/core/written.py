"""YAML that people write: read with its lines and held to a model; what is wrong is told with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from pipelines.core.errors import Phrase, SpecError

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


class _OnceLoader(yaml.CSafeLoader):
    """Reads no key twice: the later of two values would win without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


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
        try:
            return yaml.load(self.text, _OnceLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = self.first_line + (mark.line if mark else 0)
            problem = getattr(error, "problem", None) if self.shows_values else None
            why = problem or type(error).__name__
            raise SpecError("written.not_yaml", file=self.file, line=line, why=why) from None
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            # What looks like a date or a number and is none: 2026-13-45.
            why = str(error) if self.shows_values else type(error).__name__
            raise SpecError("written.not_yaml", file=self.file, line=self._bad_scalar(), why=why) from None

    def line_of(self, place: Place) -> int:
        """The line of the file on which a key or an entry stands; of what contains it where it is missing."""
        node = yaml.compose(self.text, yaml.CSafeLoader)
        line = 0
        for step in place:
            found = _step_into(node, step)
            if found is None:
                continue  # missing, or no key but the kind that a model was chosen by
            node, line = found
        return self.first_line + line

    def hold_to(self, model: type[Model] | TypeAdapter[Model], content: Any) -> Model:
        """Check what was read; raise SpecError with file, line and place of the first thing that is wrong."""
        adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
        try:
            return adapter.validate_python(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        place = [step for step in first["loc"] if not str(step).startswith(("function-", "literal["))]
        raise self.wrong(place, _why(first, model, self.shows_values))

    def wrong(self, place: Place, why: str | Phrase) -> SpecError:
        """The error that says what is wrong at a place."""
        named = ".".join(map(str, place)) or ROOT_PLACE
        return SpecError("written.bad", file=self.file, line=self.line_of(place), place=named, why=why)

    def _bad_scalar(self) -> int:
        """The line of the first scalar that cannot be what it looks like."""
        node = yaml.compose(self.text, yaml.CSafeLoader)
        for scalar in _scalars(node):
            try:
                loader = yaml.CSafeLoader("")
                loader.construct_object(scalar, deep=True)
            except (ValueError, TypeError, OverflowError):
                return self.first_line + int(scalar.start_mark.line)
        return self.first_line


def read_written(path: Path, file: str | None = None, *, shows_values: bool = True) -> Written:
    """Take in a file of YAML; raise SpecError when it cannot be read."""
    name = file or str(path)
    try:
        return Written(name, path.read_text(encoding="utf-8"), shows_values=shows_values)
    except OSError as error:
        raise SpecError("written.unreadable", file=name, why=error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise SpecError("written.unreadable", file=name, why="UTF-8") from error


def _step_into(node: Any, step: str | int) -> tuple[Any, int] | None:
    """The node of a key or an entry, and its line counted from 0."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line
    return None


def _scalars(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [scalar for pair in node.value for part in pair for scalar in _scalars(part)]
    if isinstance(node, yaml.SequenceNode):
        return [scalar for part in node.value for scalar in _scalars(part)]
    return [node] if node is not None else []


# -- in words ----------------------------------------------------------------------------------------------------


def _why(error: Any, model: Any, shows_values: bool) -> Phrase:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return Phrase("written.why.unknown_key", {"allowed": _allowed_keys(model, error["loc"][:-1])})
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
            (part.model_fields[str(step)].annotation for part in parts if str(step) in part.model_fields), None
        )
        model = found if found is not None else model
    names = {field.alias or name for part in _models_in(model) for name, field in part.model_fields.items()}
    return ", ".join(sorted(names)) or ROOT_PLACE


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models of an annotation: itself, or those among what it may be or holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
