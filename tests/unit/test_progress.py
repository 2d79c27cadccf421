"""How far a long call has come is shown where somebody may be looking, and nowhere else."""

import sys

import pytest

import mih_impact as mih
from mih_impact.display.locale import Label, progress_bar

LABEL = Label(nb="teller", en="counting")


class _Screen:
    """An error stream that keeps what is written, on a terminal or in a log."""

    encoding = "utf-8"

    def __init__(self, terminal):
        self.terminal, self.written = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.written += text
        return len(text)

    def flush(self):
        pass


@pytest.mark.parametrize(
    ("terminal", "notebook", "progress", "shown"),
    [
        (True, False, True, True),
        (True, False, False, False),
        (False, False, True, False),
        (False, True, True, True),
        (False, True, False, False),
    ],
)
def test_a_bar_is_shown_where_somebody_may_look(monkeypatch, terminal, notebook, progress, shown):
    screen = _Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", object())
    with mih.options(progress=progress, lang="en"):
        assert list(progress_bar(LABEL, range(3))) == [0, 1, 2]
    assert ("counting" in screen.written) == shown


def test_a_bar_that_nobody_sees_takes_every_step_and_loads_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", _Screen(terminal=True))
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with mih.options(progress=False):
        assert list(progress_bar(LABEL, iter("ab"))) == ["a", "b"]
        with progress_bar(LABEL, total=2, unit_scale=True) as bar:
            bar.update(1 - bar.n)
            bar.set_postfix_str("step")
