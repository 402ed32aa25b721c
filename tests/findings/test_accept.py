"""What a check yields is brought to the declared types, or refused with the valid values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dbaudit.facts import Location
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, LeaveAsIs, Remedy, Severity
from dbaudit.findings.accept import UnusableError, accepted

ACTION = EditModel(model="shop.Item", change="none")
FINDING = Finding(subject="It is", detail="So.", identity=("id",), remedy=Remedy(action=ACTION))


def test_a_finding_of_the_declared_types_is_left_as_it_is() -> None:
    assert accepted(FINDING) == FINDING


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"severity": "info"}, {"severity": Severity.INFO}),
        ({"confidence": "low"}, {"confidence": Confidence.LOW}),
        ({"identity": "id"}, {"identity": ("id",)}),
        ({"identity": ["a", "b"]}, {"identity": ("a", "b")}),
        ({"location": "shop/models.py:3"}, {"location": Location("shop/models.py", 3)}),
        ({"evidence": [("rows", 3, "rows")]}, {"evidence": (Evidence("rows", 3, "rows"),)}),
        ({"evidence": Evidence("rows", 3)}, {"evidence": (Evidence("rows", 3),)}),
        ({"remedy": ACTION}, {"remedy": Remedy(action=ACTION)}),
        ({"remedy": None}, {"remedy": Remedy(action=LeaveAsIs(why="The check names no remedy."))}),
        ({"app": None, "model": None, "table": None}, {}),
    ],
)
def test_what_can_only_mean_one_thing_is_converted(given: dict[str, Any], meant: dict[str, Any]) -> None:
    found = accepted(replace(FINDING, **given))
    assert found == replace(FINDING, **meant)
    assert isinstance(found.severity, Severity)
    assert isinstance(found.confidence, Confidence)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"severity": "infos"}, "severity is 'infos'. Did you mean 'info'?"),
        ({"severity": None}, "severity is None. Valid names: error, info, warning."),
        ({"confidence": "sure"}, "confidence is 'sure'. Valid names: high, low, medium."),
        ({"owner": "me"}, "owner is 'me'. Valid names: django, project, third-party."),
        ({"location": 3}, "location must be a Location or text such as 'shop/models.py:3', not 3."),
        ({"location": "models.py"}, "location must be a Location or text such as 'shop/models.py:3', not 'models.py'."),
        ({"identity": 3}, "identity must be a list of texts, not 3."),
        ({"identity": (3,)}, "each member of identity must be text, not 3."),
        ({"evidence": "much"}, "evidence must be a list of Evidence, not 'much'."),
        ({"evidence": ["much"]}, "each member of evidence must be an Evidence, not 'much'."),
        ({"evidence": [("a", None)]}, "the value of evidence 'a' must be text or a number, not None."),
        ({"subject": None}, "subject must be text, not None."),
        ({"remedy": "do it"}, "remedy must be a Remedy, not 'do it'."),
        ({"remedy": Remedy(action="text")}, "one of CreateIndex, DropIndex, EditModel, "),  # type: ignore[arg-type]
    ],
)
def test_anything_else_is_refused_with_the_valid_values(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnusableError) as refusal:
        accepted(replace(FINDING, **given))
    assert sentence in str(refusal.value)
