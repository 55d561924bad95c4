"""A question that is also an option, and where its answer comes from: the option, the user at the terminal, or the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engines.files.text import printable
from inspector.cli.output import tell
from inspector.errors import UserError


@dataclass(frozen=True)
class Question:
    """One question: how it is asked, and how its answer is read."""

    option: str
    text: str
    read: Callable[[str], Any]
    """From the text of an answer to its value. Raises UserError, one line that begins with the option."""
    default: Callable[[], str]
    """The answer of somebody who presses Enter; an empty text where there is none."""


class Answers:
    """The answers by name: those given as options, which are read at once, and the others, each when it is needed."""

    def __init__(self, questions: Mapping[str, Question], given: Mapping[str, str | None], *, ask: bool) -> None:
        """With ``ask`` the user is asked for what is not given; without, the default is taken. Raises UserError for an option."""
        self._questions, self._ask = questions, ask
        self._read = {name: questions[name].read(text) for name, text in given.items() if text is not None}
        self._asked = False

    def given(self, name: str) -> bool:
        """Whether the answer was given as an option."""
        return name in self._read

    def __getitem__(self, name: str) -> Any:
        """The value of an answer. Raises UserError for a default that cannot be used, EOFError at the end of the input."""
        if name in self._read:
            return self._read[name]
        question = self._questions[name]
        default = question.default()
        return self._answer(question, default) if self._ask else question.read(default)

    def _answer(self, question: Question, default: str) -> Any:
        """Ask until the answer can be read."""
        if not self._asked:
            tell("Enter takes the answer in brackets. Ctrl-C ends without writing anything.", at_once=True)
            self._asked = True
        prompt = f"{question.text} [{printable(default)}]: " if default else f"{question.text}: "
        while True:
            try:
                return question.read(input(prompt).strip() or default)
            except UnicodeDecodeError:
                tell("  this is no text in the encoding of the terminal")
            except UserError as error:
                tell(f"  {str(error).removeprefix(f'{question.option}: ')}")
