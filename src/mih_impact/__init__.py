"""Effects of a labour-market programme on incomes, and the cost-benefit account.

The public names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mih_impact import nav as nav
    from mih_impact.account.assumption import Assumption as Assumption
    from mih_impact.account.assumptions import Assumptions as Assumptions
    from mih_impact.account.bridge import Bridge as Bridge
    from mih_impact.account.budget.decision import Decision as Decision
    from mih_impact.account.budget.impact import budget_impact as budget_impact
    from mih_impact.account.budget.municipality import municipality_view as municipality_view
    from mih_impact.account.budget.municipality_result import MunicipalityView as MunicipalityView
    from mih_impact.account.budget.per_place import PerPlace as PerPlace
    from mih_impact.account.budget.result import BudgetImpact as BudgetImpact
    from mih_impact.account.cost_benefit import CostBenefit as CostBenefit
    from mih_impact.account.cost_benefit import cost_benefit as cost_benefit
    from mih_impact.account.cost_item import CostItem as CostItem
    from mih_impact.account.cost_item import UnpaidTime as UnpaidTime
    from mih_impact.account.non_priced import NonPriced as NonPriced
    from mih_impact.account.programme import Apprenticeship as Apprenticeship
    from mih_impact.account.programme import Phase as Phase
    from mih_impact.account.programme import Programme as Programme
    from mih_impact.account.roles import Benefit as Benefit
    from mih_impact.account.scenarios import Scenario as Scenario
    from mih_impact.account.scenarios import Scenarios as Scenarios
    from mih_impact.account.sensitivity import Sensitivity as Sensitivity
    from mih_impact.account.sensitivity import VarianceShares as VarianceShares
    from mih_impact.account.sheet.sheet import AssumptionSheet as AssumptionSheet
    from mih_impact.account.switching import SensitivityGrid as SensitivityGrid
    from mih_impact.account.switching import SwitchingValues as SwitchingValues
    from mih_impact.account.uncertainty_result import Uncertainty as Uncertainty
    from mih_impact.controls.balance import Balance as Balance
    from mih_impact.controls.choose import match as match
    from mih_impact.controls.choose import weight as weight
    from mih_impact.controls.cut import completers as completers
    from mih_impact.controls.cut import cut as cut
    from mih_impact.controls.group import ControlGroup as ControlGroup
    from mih_impact.controls.overlap import Overlap as Overlap
    from mih_impact.controls.terms import lag as lag
    from mih_impact.display.locale import Label as Label
    from mih_impact.display.locale import options as options
    from mih_impact.display.result import Provenance as Provenance
    from mih_impact.display.unit import Unit as Unit
    from mih_impact.effects.check_result import CheckResult as CheckResult
    from mih_impact.effects.check_result import SensitivityCheck as SensitivityCheck
    from mih_impact.effects.event_study import event_study as event_study
    from mih_impact.effects.group_time.call import group_time_effects as group_time_effects
    from mih_impact.effects.group_time.result import GroupTimeEffects as GroupTimeEffects
    from mih_impact.effects.imputation import imputation_effects as imputation_effects
    from mih_impact.effects.inference.effect_test import EffectTest as EffectTest
    from mih_impact.effects.inference.multiplier import multiplier_bootstrap as multiplier_bootstrap
    from mih_impact.effects.inference.randomisation import randomisation_test as randomisation_test
    from mih_impact.effects.inference.wild_bootstrap import wild_bootstrap as wild_bootstrap
    from mih_impact.effects.quantile import QuantileEffects as QuantileEffects
    from mih_impact.effects.quantile import quantile_effects as quantile_effects
    from mih_impact.effects.question import Question as Question
    from mih_impact.effects.series import EffectSeries as EffectSeries
    from mih_impact.effects.subgroups import DifferenceTest as DifferenceTest
    from mih_impact.effects.tax_by_decile import tax_by_decile as tax_by_decile
    from mih_impact.errors import AssumptionError as AssumptionError
    from mih_impact.errors import EffectsError as EffectsError
    from mih_impact.errors import EngineError as EngineError
    from mih_impact.errors import MemoryLimitError as MemoryLimitError
    from mih_impact.errors import MihImpactError as MihImpactError
    from mih_impact.errors import MihImpactWarning as MihImpactWarning
    from mih_impact.errors import MissingExtraError as MissingExtraError
    from mih_impact.errors import OptionError as OptionError
    from mih_impact.errors import PanelContractError as PanelContractError
    from mih_impact.errors import RenamedError as RenamedError
    from mih_impact.errors import ReportError as ReportError
    from mih_impact.errors import StorageError as StorageError
    from mih_impact.errors import SupportError as SupportError
    from mih_impact.errors import UnknownOptionError as UnknownOptionError
    from mih_impact.falsification.attrition import attrition_check as attrition_check
    from mih_impact.falsification.e_value import e_value as e_value
    from mih_impact.falsification.honest.bounds import honest_bounds as honest_bounds
    from mih_impact.falsification.honest.result import HonestBounds as HonestBounds
    from mih_impact.falsification.leave_out import LeaveOneOut as LeaveOneOut
    from mih_impact.falsification.leave_out import leave_one_out as leave_one_out
    from mih_impact.falsification.lee import lee_bounds as lee_bounds
    from mih_impact.falsification.placebo import PlaceboTest as PlaceboTest
    from mih_impact.falsification.placebo import placebo_outcomes as placebo_outcomes
    from mih_impact.falsification.placebo import placebo_start as placebo_start
    from mih_impact.falsification.power import pretrend_power as pretrend_power
    from mih_impact.falsification.rosenbaum import rosenbaum_bounds as rosenbaum_bounds
    from mih_impact.falsification.specification_curve import (
        SpecificationCurve as SpecificationCurve,
    )
    from mih_impact.falsification.specification_curve import (
        specification_curve as specification_curve,
    )
    from mih_impact.nav.readings import Readings as Readings
    from mih_impact.nav.recruitment import Funnel as Funnel
    from mih_impact.nav.reproduce import Replication as Replication
    from mih_impact.nav.reproduce import reproduce_nav as reproduce_nav
    from mih_impact.panel.check import PanelReport as PanelReport
    from mih_impact.panel.derived import above as above
    from mih_impact.panel.derived import in_g as in_g
    from mih_impact.panel.derived import stable as stable
    from mih_impact.panel.panel import Panel as Panel
    from mih_impact.panel.read import read_cross_section as read_cross_section
    from mih_impact.panel.read import read_panel as read_panel
    from mih_impact.panel.synthetic import example_panel as example_panel
    from mih_impact.panel.synthetic.delivery import synthetic_delivery as synthetic_delivery
    from mih_impact.panel.synthetic.effects import SyntheticTruth as SyntheticTruth
    from mih_impact.panel.synthetic.register import SyntheticRegister as SyntheticRegister
    from mih_impact.panel.synthetic.register import synthetic_register as synthetic_register
    from mih_impact.panel.synthetic.start import Confounding as Confounding
    from mih_impact.reference import codes as codes
    from mih_impact.reference.discount import Discount as Discount
    from mih_impact.reference.prices import PriceIndex as PriceIndex
    from mih_impact.registers.build import build_panel as build_panel
    from mih_impact.registers.built import BuiltPanel as BuiltPanel
    from mih_impact.registers.estimate import BuildEstimate as BuildEstimate
    from mih_impact.registers.estimate import estimate_build as estimate_build
    from mih_impact.registers.spec import build_from_toml as build_from_toml
    from mih_impact.registers.tables import Scaled as Scaled
    from mih_impact.registers.tables import Spells as Spells
    from mih_impact.registers.tables import Starts as Starts
    from mih_impact.registers.tables import Status as Status
    from mih_impact.registers.tables import Table as Table
    from mih_impact.registers.tables import scaled as scaled
    from mih_impact.reporting.explore import explore as explore
    from mih_impact.reporting.memo.write import write_memo as write_memo
    from mih_impact.reporting.page.write import write_budget_page as write_budget_page
    from mih_impact.reporting.publication import publication_table as publication_table
    from mih_impact.reporting.publication import write_publication_table as write_publication_table
    from mih_impact.reporting.workbook.write import write_workbook as write_workbook
    from mih_impact.storage import load as load
    from mih_impact.study.resampling import Resampled as Resampled
    from mih_impact.study.resampling import resample as resample
    from mih_impact.study.run import StudyResult as StudyResult
    from mih_impact.study.run import run_study as run_study

__version__ = "0.1.0"

_HOME = {
    "Apprenticeship": "account.programme",
    "Assumption": "account.assumption",
    "AssumptionError": "errors",
    "AssumptionSheet": "account.sheet.sheet",
    "Assumptions": "account.assumptions",
    "Balance": "controls.balance",
    "Benefit": "account.roles",
    "Bridge": "account.bridge",
    "BudgetImpact": "account.budget.result",
    "BuiltPanel": "registers.built",
    "CheckResult": "effects.check_result",
    "Confounding": "panel.synthetic.start",
    "ControlGroup": "controls.group",
    "CostBenefit": "account.cost_benefit",
    "CostItem": "account.cost_item",
    "Decision": "account.budget.decision",
    "DifferenceTest": "effects.subgroups",
    "Discount": "reference.discount",
    "EffectSeries": "effects.series",
    "EffectTest": "effects.inference.effect_test",
    "EffectsError": "errors",
    "EngineError": "errors",
    "Question": "effects.question",
    "Funnel": "nav.recruitment",
    "GroupTimeEffects": "effects.group_time.result",
    "HonestBounds": "falsification.honest.result",
    "Label": "display.locale",
    "LeaveOneOut": "falsification.leave_out",
    "MemoryLimitError": "errors",
    "MihImpactError": "errors",
    "MihImpactWarning": "errors",
    "MissingExtraError": "errors",
    "MunicipalityView": "account.budget.municipality_result",
    "NonPriced": "account.non_priced",
    "OptionError": "errors",
    "Overlap": "controls.overlap",
    "Panel": "panel.panel",
    "PanelContractError": "errors",
    "PanelReport": "panel.check",
    "PerPlace": "account.budget.per_place",
    "Phase": "account.programme",
    "PlaceboTest": "falsification.placebo",
    "PriceIndex": "reference.prices",
    "Programme": "account.programme",
    "Provenance": "display.result",
    "QuantileEffects": "effects.quantile",
    "Readings": "nav.readings",
    "Replication": "nav.reproduce",
    "RenamedError": "errors",
    "ReportError": "errors",
    "Resampled": "study.resampling",
    "Scaled": "registers.tables",
    "Scenario": "account.scenarios",
    "Scenarios": "account.scenarios",
    "Sensitivity": "account.sensitivity",
    "SensitivityCheck": "effects.check_result",
    "SensitivityGrid": "account.switching",
    "SpecificationCurve": "falsification.specification_curve",
    "Spells": "registers.tables",
    "Starts": "registers.tables",
    "Status": "registers.tables",
    "StorageError": "errors",
    "StudyResult": "study.run",
    "SupportError": "errors",
    "SwitchingValues": "account.switching",
    "SyntheticRegister": "panel.synthetic.register",
    "SyntheticTruth": "panel.synthetic.effects",
    "UnknownOptionError": "errors",
    "Table": "registers.tables",
    "Uncertainty": "account.uncertainty_result",
    "Unit": "display.unit",
    "UnpaidTime": "account.cost_item",
    "VarianceShares": "account.sensitivity",
    "attrition_check": "falsification.attrition",
    "budget_impact": "account.budget.impact",
    "above": "panel.derived",
    "in_g": "panel.derived",
    "stable": "panel.derived",
    "build_from_toml": "registers.spec",
    "BuildEstimate": "registers.estimate",
    "build_panel": "registers.build",
    "estimate_build": "registers.estimate",
    "codes": "reference",
    "completers": "controls.cut",
    "cost_benefit": "account.cost_benefit",
    "cut": "controls.cut",
    "e_value": "falsification.e_value",
    "event_study": "effects.event_study",
    "example_panel": "panel.synthetic",
    "explore": "reporting.explore",
    "group_time_effects": "effects.group_time.call",
    "honest_bounds": "falsification.honest.bounds",
    "imputation_effects": "effects.imputation",
    "lag": "controls.terms",
    "leave_one_out": "falsification.leave_out",
    "lee_bounds": "falsification.lee",
    "load": "storage",
    "match": "controls.choose",
    "multiplier_bootstrap": "effects.inference.multiplier",
    "municipality_view": "account.budget.municipality",
    "nav": "nav",
    "options": "display.locale",
    "placebo_outcomes": "falsification.placebo",
    "placebo_start": "falsification.placebo",
    "pretrend_power": "falsification.power",
    "publication_table": "reporting.publication",
    "quantile_effects": "effects.quantile",
    "randomisation_test": "effects.inference.randomisation",
    "read_cross_section": "panel.read",
    "read_panel": "panel.read",
    "reproduce_nav": "nav.reproduce",
    "resample": "study.resampling",
    "rosenbaum_bounds": "falsification.rosenbaum",
    "run_study": "study.run",
    "scaled": "registers.tables",
    "specification_curve": "falsification.specification_curve",
    "synthetic_delivery": "panel.synthetic.delivery",
    "synthetic_register": "panel.synthetic.register",
    "tax_by_decile": "effects.tax_by_decile",
    "weight": "controls.choose",
    "wild_bootstrap": "effects.inference.wild_bootstrap",
    "write_budget_page": "reporting.page.write",
    "write_memo": "reporting.memo.write",
    "write_publication_table": "reporting.publication",
    "write_workbook": "reporting.workbook.write",
}

#: What was public under another name: what to write now.
_RENAMED = {
    "bands": 'mih.cut(column, bounds), as in mih.cut("age", 30, 40)',
    "bootstrap": "mih.multiplier_bootstrap(effects) to draw from each person's influence, or "
    "mih.resample(group) to draw persons and do everything again",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first used."""
    home = _HOME.get(name)
    if name in _RENAMED:
        raise import_module(f"{__name__}.errors").RenamedError(
            f"mih_impact.{name} has another name", found=name, do=f"write {_RENAMED[name]}"
        )
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    value = module if name == home else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
