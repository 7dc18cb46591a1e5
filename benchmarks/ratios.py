"""A ratio: what the bridge does beside what it is held against, both measured in one run, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio shall be."""

    bound: float
    at_least: bool = False
    """Whether the ratio shall be at least the bound; else at most."""

    def __str__(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g}"

    def met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.at_least else ratio <= self.bound


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table."""

    what: str
    """What was measured, and against what: a phrase."""
    ours: float
    against: float
    unit: str
    target: Target | None = None
    """None for what is told beside, without a promise."""

    @property
    def value(self) -> float:
        return self.ours / self.against


HEAD = ("| What | Ours | Against | Ratio | Shall be | |", "| --- | ---: | ---: | ---: | --- | --- |")


def table(ratios: Iterable[Ratio]) -> str:
    """The ratios as a table in Markdown."""
    return "\n".join([*HEAD, *(_line(ratio) for ratio in ratios)])


def _line(ratio: Ratio) -> str:
    target = ratio.target
    verdict = "" if target is None else "met" if target.met(ratio.value) else "missed"
    figures = (
        f"{_figure(ratio.ours)} {ratio.unit} | {_figure(ratio.against)} {ratio.unit} | {ratio.value:.2f}"
    )
    return f"| {ratio.what} | {figures} | {target or ''} | {verdict} |"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"  # noqa: PLR2004 - three digits tell enough
