# Two commands do all set-up: `make reproduce` and `make test`.
# PYTHON=... chooses the interpreter; EXTRAS=... adds optional dependencies.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= out
INPUTS ?= 3000
JOBS   ?= 2
LOWEST := $(addprefix tests/unit/test_, account.py check.py read_panel.py controls.py cube.py \
  csv_text.py weighting.py group_time.py effects_series.py storage.py sheet.py study_spec.py \
  display_numbers.py display_cards.py nearest.py logit.py statfiles.py budget_impact.py) \
  tests/golden/test_base_case.py
# The stamps carry the interpreter's version, so another PYTHON= makes a new environment.
TAG    := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
CORE   := $(VENV)/.core-$(TAG)
FULL   := $(VENV)/.test-$(TAG)
DOCS   := .venv-docs
SITE   := $(DOCS)/.docs-$(TAG)

.PHONY: reproduce test lint types layers doctest unit notebooks figures mutants coverage mistakes fuzz register docs axe lowest typing sbom dist wheel release metrics bench clean

reproduce: $(CORE)  ## the reference case: tables, figures, published beside computed
	$(BIN)/mih-impact reproduce --out $(OUT)

test: $(FULL)  ## everything that must hold
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

figures: $(FULL)  ## every figure and memo page in both languages, contact sheets in colour and grey
	$(BIN)/mih-impact reproduce --out $(OUT)/nb --lang nb --quiet
	$(BIN)/mih-impact reproduce --out $(OUT)/en --lang en --quiet
	$(BIN)/mih-impact memo --out $(OUT)/nb --lang nb --quiet
	$(BIN)/mih-impact memo --out $(OUT)/en --lang en --quiet
	pdftoppm -r 100 -png $(OUT)/nb/notat.pdf $(OUT)/nb/memo_page
	pdftoppm -r 100 -png $(OUT)/en/memo.pdf $(OUT)/en/memo_page
	$(BIN)/python scripts/contact_sheet.py $(OUT)

bench: $(FULL)  ## time and memory from 10 thousand to 5 million persons, recorded; about an hour, 2 GB of disk
	$(BIN)/python benchmarks/size.py --by year
	$(BIN)/python benchmarks/size.py --by month
	$(BIN)/python benchmarks/matching_at_size.py
	$(BIN)/python benchmarks/draws_speed.py

fuzz: $(FULL)  ## made-up inputs: a result or a typed error, none too long (INPUTS=100000 JOBS=2 for all)
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --jobs $(JOBS)

mutants: $(FULL)  ## plant each known mistake and see a named test fail
	$(BIN)/python tests/mutants/run.py --jobs 2

coverage: $(FULL)  ## which lines and branches the tests reach, and which test reaches what
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov=mih_impact --cov-branch --cov-context=test \
	  --cov-report=term:skip-covered --cov-report=json:$(OUT)/coverage.json --junitxml=$(OUT)/tests.xml

mistakes: coverage  ## 300 small mistakes drawn by rule, in what estimates and reckons: hours
	$(BIN)/python -m tests.mutants.automatic --tests $(OUT)/tests.xml --number 300 --jobs 2 \
	  --kept $(OUT)/mistakes.txt

register: $(CORE)  ## write the shipped synthetic register anew
	$(BIN)/mih-impact synthesize --out data/synthetic

metrics:  ## size and shape of the library: modules, lines, imports, circles
	$(PYTHON) scripts/metrics.py

docs: $(SITE)  ## the site, in out/site; warnings are errors. Writes docs/contract.md from the code first, pages of numbers from their record
	$(DOCS)/bin/python docs/site_pages/contract.py > docs/contract.md
	$(DOCS)/bin/python benchmarks/validation.py --page
	$(DOCS)/bin/sphinx-build -q -W --keep-going -b html docs $(OUT)/site

lowest: constraints/lowest.txt  ## the tests of every floor on the lowest versions that are supported
	@$(MAKE) --no-print-directory venv VENV=.venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  -c $< pytest hypothesis causaldata hatchling
	PYTHONPATH=src .venv-lowest/bin/python -m pytest -q -W ignore::DeprecationWarning \
	  -W ignore::FutureWarning --junitxml=$(OUT)/lowest.xml $(LOWEST)

constraints/lowest.txt:  ## solve the lowest versions anew: make -B constraints/lowest.txt (pip install uv)
	uv pip compile --quiet --resolution lowest-direct --python-version 3.11 \
	  --custom-compile-command "make constraints/lowest.txt" pyproject.toml \
	  --extra memo --extra excel --extra stat --extra polars --extra tables -o $@

typing: $(FULL)  ## a user's project, checked by mypy and pyright
	$(BIN)/mypy --strict tests/typing/user_project.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pyright
	$(BIN)/pyright --pythonpath $(BIN)/python tests/typing/user_project.py

sbom: $(CORE)  ## the bill of materials: packages, versions, licences, as CycloneDX in out/
	$(BIN)/python scripts/sbom.py $(OUT)/sbom.json

dist: $(FULL)  ## wheel and sdist, in dist/
	$(BIN)/python -m hatchling build

wheel: dist  ## the wheel alone, in an environment made without a network: a newcomer's pages run as printed
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: -d $(OUT)/wheels \
	  "$$(ls dist/mih_impact-*.whl)[memo,stat]" pytest
	@$(MAKE) --no-print-directory venv VENV=.venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --disable-pip-version-check --no-index --force-reinstall \
	  --find-links $(OUT)/wheels "mih-impact[memo,stat]" pytest
	.venv-wheel/bin/python -m pytest -q -p no:cacheprovider --noconftest -k "README or start or tables" tests/unit/test_code_blocks.py

release: dist sbom  ## wheel, sdist, bill of materials, and a tag with the date of the changelog; nothing is uploaded
	@test -z "$$(git status --porcelain)" || { echo "release: commit first"; exit 1; }
	git tag -a "v$$($(BIN)/python -c 'import mih_impact; print(mih_impact.__version__)')" \
	  -m "$$(sed -n 's/^## \[\(.*\)\] - /mih_impact \1, /p' CHANGELOG.md | head -1)"

axe: docs  ## axe-core over memo, budget page and site, in headless Chromium
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[axe]'
	$(DOCS)/bin/python scripts/accessibility.py $(OUT)/site

clean:
	rm -rf $(VENV) $(DOCS) .venv-lowest .venv-wheel $(OUT) build dist docs/gallery docs/notebooks docs/reference

$(CORE): pyproject.toml
	@$(MAKE) --no-print-directory venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@rm -f $(VENV)/.core-* && touch $@

$(FULL): pyproject.toml
	@$(MAKE) --no-print-directory venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@rm -f $(VENV)/.test-* && touch $@

$(SITE): pyproject.toml
	@$(MAKE) --no-print-directory venv VENV=$(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@rm -f $(DOCS)/.docs-* && touch $@

.PHONY: venv
venv:
	@test -n "$(TAG)" || { echo "No Python at '$(PYTHON)'. Name one: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mih_impact needs Python 3.11 or later; $(PYTHON) is $(TAG). Name one: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) lacks the venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test "$$($(BIN)/python -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)" = "$(TAG)" || \
	  $(PYTHON) -m venv --clear $(VENV)
