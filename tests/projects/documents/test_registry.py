"""What the registry knows stands in the documents: state, days, evidence, accounts; and can be explained."""

from datetime import date

import pytest
from docx import Document

from tanhui.kernel.errors import DomainError
from tanhui.projects.documents.material import read_filed
from tanhui.projects.documents.service import write_documents
from tanhui.projects.explain import explain
from tanhui.projects.lifecycle import rule_book
from tanhui.projects.registration import ProjectOffice
from tests.projects.documents.test_figures import figures
from tests.projects.story import Story
from tests.registry.conftest import World, world  # noqa: F401 (a fixture)

PROJECT = "afforestation-hunan"


def test_state_days_evidence_and_accounts(world: World, project, run_folder, tmp_path):  # noqa: F811
    office = ProjectOffice(world.registry)
    story = Story(office, world.registry, PROJECT, "ccer", credits_t="13551")
    story.walk()
    filed = read_filed(office, PROJECT, date(2026, 4, 20))
    out = tmp_path / "out"
    write_documents(project, out, run=run_folder, filed=filed, day=date(2026, 4, 20))
    path = out / "reductions_application.docx"
    shown = {key: value for key, (value, *_) in figures(path).items()}
    state = office.state(PROJECT, date(2026, 4, 20))
    words = rule_book("ccer")
    assert shown["registry.state"] == words.word("state.issuance_review", "zh")
    # The day on which the story applies for its credits.
    assert shown["registry.done.apply_issuance"] == "2026年4月14日"
    assert {
        key.rpartition(".")[2]: sha for key, sha in shown.items() if key.startswith("registry.filed.")
    } == state.filed
    assert shown["registry.party.owner"] == story.owner
    parties = next(t for t in Document(str(path)).tables if t.rows[0].cells[0].text == "角色")
    assert {row.cells[2].text for row in parties.rows[1:]} == {"【请填写】"}  # names are for people to write
    assert "2026年4月20日" in [row.cells[1].text for row in Document(str(path)).tables[0].rows]
    assert explain(out, "registry.state").fact.source.startswith(f"registry: {PROJECT}")
    assert explain(out, "registry.done.register").fact.text["zh"] == "2026年3月2日"


def test_a_project_that_the_registry_does_not_know(world: World):  # noqa: F811
    with pytest.raises(DomainError, match="no project"):
        read_filed(ProjectOffice(world.registry), PROJECT, date(2026, 4, 20))
