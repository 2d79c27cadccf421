"""The documentation page says what the contract says."""

from __future__ import annotations

from mih_impact.panel.contract import BENEFITS, CONTRACT
from tests.unit.test_site import DOCS, site

PAGE = DOCS / "contract.md"
contract_markdown = site("contract").contract_markdown


def test_the_committed_page_is_what_the_declaration_gives():
    assert PAGE.read_text(encoding="utf-8") == contract_markdown(), (
        "write it again: python docs/site_pages/contract.py > docs/contract.md"
    )


def test_every_column_and_every_scheme_has_its_rows():
    lines = contract_markdown().splitlines()
    for name, column in CONTRACT.items():
        rows = [line for line in lines if line.startswith(f"| `{name}`")]
        assert len(rows) == 2 + (name in BENEFITS), name
        assert column.label.nb in rows[0]
    assert "| `sosialhjelp` | municipality | no |" in lines
    assert "| `aap` | state | yes |" in lines
