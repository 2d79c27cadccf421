"""Effects of a labour-market programme on incomes, and the cost-benefit account.

The public names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mih_impact import nav as nav
    from mih_impact.controls.balance import Balance as Balance
    from mih_impact.controls.group import ControlGroup as ControlGroup
    from mih_impact.controls.matching import match as match
    from mih_impact.controls.overlap import Overlap as Overlap
    from mih_impact.controls.subgroups.bands import bands as bands
    from mih_impact.controls.subgroups.completers import completers as completers
    from mih_impact.controls.terms import lag as lag
    from mih_impact.controls.weighting import weight as weight
    from mih_impact.display.labels import Label as Label
    from mih_impact.display.options import options as options
    from mih_impact.display.provenance import Provenance as Provenance
    from mih_impact.display.unit import Unit as Unit
    from mih_impact.economics.account import cost_benefit as cost_benefit
    from mih_impact.economics.apprenticeship import Apprenticeship as Apprenticeship
    from mih_impact.economics.assumption import Assumption as Assumption
    from mih_impact.economics.assumptions import Assumptions as Assumptions
    from mih_impact.economics.bridge import Bridge as Bridge
    from mih_impact.economics.budget.decision import Decision as Decision
    from mih_impact.economics.budget.impact import budget_impact as budget_impact
    from mih_impact.economics.budget.municipality import municipality_view as municipality_view
    from mih_impact.economics.budget.municipality_result import MunicipalityView as MunicipalityView
    from mih_impact.economics.budget.per_place import PerPlace as PerPlace
    from mih_impact.economics.budget.result import BudgetImpact as BudgetImpact
    from mih_impact.economics.case import CostBenefit as CostBenefit
    from mih_impact.economics.cost_item import CostItem as CostItem
    from mih_impact.economics.non_priced.effect import NonPriced as NonPriced
    from mih_impact.economics.phase import Phase as Phase
    from mih_impact.economics.programme import Programme as Programme
    from mih_impact.economics.roles import Benefit as Benefit
    from mih_impact.economics.sensitivity.grid import SensitivityGrid as SensitivityGrid
    from mih_impact.economics.sensitivity.scenarios import Scenario as Scenario
    from mih_impact.economics.sensitivity.scenarios import Scenarios as Scenarios
    from mih_impact.economics.sensitivity.shares import VarianceShares as VarianceShares
    from mih_impact.economics.sensitivity.switching import SwitchingValues as SwitchingValues
    from mih_impact.economics.sensitivity.tornado import Sensitivity as Sensitivity
    from mih_impact.economics.sheet.sheet import AssumptionSheet as AssumptionSheet
    from mih_impact.economics.uncertainty.result import Uncertainty as Uncertainty
    from mih_impact.effects.checks.power import pretrend_power as pretrend_power
    from mih_impact.effects.checks.result import CheckResult as CheckResult
    from mih_impact.effects.event_study import event_study as event_study
    from mih_impact.effects.group_time.call import group_time_effects as group_time_effects
    from mih_impact.effects.group_time.result import GroupTimeEffects as GroupTimeEffects
    from mih_impact.effects.honest.bounds import honest_bounds as honest_bounds
    from mih_impact.effects.honest.result import HonestBounds as HonestBounds
    from mih_impact.effects.inference.few_clusters import wild_bootstrap as wild_bootstrap
    from mih_impact.effects.inference.multiplier import bootstrap as bootstrap
    from mih_impact.effects.inference.randomisation import randomisation_test as randomisation_test
    from mih_impact.effects.inference.tested import EffectTest as EffectTest
    from mih_impact.effects.robustness.curve import SpecificationCurve as SpecificationCurve
    from mih_impact.effects.robustness.leave_out import leave_one_out as leave_one_out
    from mih_impact.effects.robustness.leave_out_result import LeaveOneOut as LeaveOneOut
    from mih_impact.effects.robustness.placebo import placebo_outcomes as placebo_outcomes
    from mih_impact.effects.robustness.placebo import placebo_start as placebo_start
    from mih_impact.effects.robustness.placebo_result import PlaceboTest as PlaceboTest
    from mih_impact.effects.robustness.specification import (
        specification_curve as specification_curve,
    )
    from mih_impact.effects.sensitivity.attrition import attrition_check as attrition_check
    from mih_impact.effects.sensitivity.e_value import e_value as e_value
    from mih_impact.effects.sensitivity.lee import lee_bounds as lee_bounds
    from mih_impact.effects.sensitivity.result import SensitivityCheck as SensitivityCheck
    from mih_impact.effects.sensitivity.rosenbaum import rosenbaum_bounds as rosenbaum_bounds
    from mih_impact.effects.series import EffectSeries as EffectSeries
    from mih_impact.effects.subgroups.difference_result import DifferenceTest as DifferenceTest
    from mih_impact.errors import AssumptionError as AssumptionError
    from mih_impact.errors import EffectsError as EffectsError
    from mih_impact.errors import EngineError as EngineError
    from mih_impact.errors import MemoryLimitError as MemoryLimitError
    from mih_impact.errors import MihImpactError as MihImpactError
    from mih_impact.errors import MihImpactWarning as MihImpactWarning
    from mih_impact.errors import MissingExtraError as MissingExtraError
    from mih_impact.errors import OptionError as OptionError
    from mih_impact.errors import PanelContractError as PanelContractError
    from mih_impact.errors import ReportError as ReportError
    from mih_impact.errors import StorageError as StorageError
    from mih_impact.errors import SupportError as SupportError
    from mih_impact.errors import UnknownOptionError as UnknownOptionError
    from mih_impact.nav.recruitment import Funnel as Funnel
    from mih_impact.nav.reproduce import Replication as Replication
    from mih_impact.nav.reproduce import reproduce_nav as reproduce_nav
    from mih_impact.panel.check import PanelReport as PanelReport
    from mih_impact.panel.panel import Panel as Panel
    from mih_impact.panel.read import read_panel as read_panel
    from mih_impact.panel.synthetic.effects import SyntheticTruth as SyntheticTruth
    from mih_impact.panel.synthetic.register import SyntheticRegister as SyntheticRegister
    from mih_impact.panel.synthetic.register import example_panel as example_panel
    from mih_impact.panel.synthetic.register import synthetic_register as synthetic_register
    from mih_impact.panel.synthetic.start import Confounding as Confounding
    from mih_impact.reference.discount import Discount as Discount
    from mih_impact.reference.prices import PriceIndex as PriceIndex
    from mih_impact.reporting.explore import explore as explore
    from mih_impact.reporting.memo.write import write_memo as write_memo
    from mih_impact.reporting.page.write import write_budget_page as write_budget_page
    from mih_impact.reporting.workbook.write import write_workbook as write_workbook
    from mih_impact.storage import load as load
    from mih_impact.study.resampled import Resampled as Resampled
    from mih_impact.study.resampling import resample as resample
    from mih_impact.study.run import StudyResult as StudyResult
    from mih_impact.study.run import run_study as run_study

__version__ = "0.1.0"

_HOME = {
    "Apprenticeship": "economics.apprenticeship",
    "Assumption": "economics.assumption",
    "AssumptionError": "errors",
    "AssumptionSheet": "economics.sheet.sheet",
    "Assumptions": "economics.assumptions",
    "Balance": "controls.balance",
    "Benefit": "economics.roles",
    "Bridge": "economics.bridge",
    "BudgetImpact": "economics.budget.result",
    "CheckResult": "effects.checks.result",
    "Confounding": "panel.synthetic.start",
    "ControlGroup": "controls.group",
    "CostBenefit": "economics.case",
    "CostItem": "economics.cost_item",
    "Decision": "economics.budget.decision",
    "DifferenceTest": "effects.subgroups.difference_result",
    "Discount": "reference.discount",
    "EffectSeries": "effects.series",
    "EffectTest": "effects.inference.tested",
    "EffectsError": "errors",
    "EngineError": "errors",
    "Funnel": "nav.recruitment",
    "GroupTimeEffects": "effects.group_time.result",
    "HonestBounds": "effects.honest.result",
    "Label": "display.labels",
    "LeaveOneOut": "effects.robustness.leave_out_result",
    "MemoryLimitError": "errors",
    "MihImpactError": "errors",
    "MihImpactWarning": "errors",
    "MissingExtraError": "errors",
    "MunicipalityView": "economics.budget.municipality_result",
    "NonPriced": "economics.non_priced.effect",
    "OptionError": "errors",
    "Overlap": "controls.overlap",
    "Panel": "panel.panel",
    "PanelContractError": "errors",
    "PanelReport": "panel.check",
    "PerPlace": "economics.budget.per_place",
    "Phase": "economics.phase",
    "PlaceboTest": "effects.robustness.placebo_result",
    "PriceIndex": "reference.prices",
    "Programme": "economics.programme",
    "Provenance": "display.provenance",
    "Replication": "nav.reproduce",
    "ReportError": "errors",
    "Resampled": "study.resampled",
    "Scenario": "economics.sensitivity.scenarios",
    "Scenarios": "economics.sensitivity.scenarios",
    "Sensitivity": "economics.sensitivity.tornado",
    "SensitivityCheck": "effects.sensitivity.result",
    "SensitivityGrid": "economics.sensitivity.grid",
    "SpecificationCurve": "effects.robustness.curve",
    "StorageError": "errors",
    "StudyResult": "study.run",
    "SupportError": "errors",
    "SwitchingValues": "economics.sensitivity.switching",
    "SyntheticRegister": "panel.synthetic.register",
    "SyntheticTruth": "panel.synthetic.effects",
    "UnknownOptionError": "errors",
    "Uncertainty": "economics.uncertainty.result",
    "Unit": "display.unit",
    "VarianceShares": "economics.sensitivity.shares",
    "attrition_check": "effects.sensitivity.attrition",
    "bands": "controls.subgroups.bands",
    "bootstrap": "effects.inference.multiplier",
    "budget_impact": "economics.budget.impact",
    "completers": "controls.subgroups.completers",
    "cost_benefit": "economics.account",
    "e_value": "effects.sensitivity.e_value",
    "event_study": "effects.event_study",
    "example_panel": "panel.synthetic.register",
    "explore": "reporting.explore",
    "group_time_effects": "effects.group_time.call",
    "honest_bounds": "effects.honest.bounds",
    "lag": "controls.terms",
    "leave_one_out": "effects.robustness.leave_out",
    "lee_bounds": "effects.sensitivity.lee",
    "load": "storage",
    "match": "controls.matching",
    "municipality_view": "economics.budget.municipality",
    "nav": "nav",
    "options": "display.options",
    "placebo_outcomes": "effects.robustness.placebo",
    "placebo_start": "effects.robustness.placebo",
    "pretrend_power": "effects.checks.power",
    "randomisation_test": "effects.inference.randomisation",
    "read_panel": "panel.read",
    "reproduce_nav": "nav.reproduce",
    "resample": "study.resampling",
    "rosenbaum_bounds": "effects.sensitivity.rosenbaum",
    "run_study": "study.run",
    "specification_curve": "effects.robustness.specification",
    "synthetic_register": "panel.synthetic.register",
    "weight": "controls.weighting",
    "wild_bootstrap": "effects.inference.few_clusters",
    "write_budget_page": "reporting.page.write",
    "write_memo": "reporting.memo.write",
    "write_workbook": "reporting.workbook.write",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first used."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    value = module if name == home else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
