# make demo, make test: everything on a fresh machine, without activation, containers or manual steps.
#
#   PYTHON=python3.13   the interpreter, 3.11 to 3.13 (default: the first of these that works)
#   DJANGO=6.1          the Django series (default: the newest supported by the interpreter and this package)
#   TESTS="-k keys"     what else pytest is told
#
# Each choice has a virtual environment of its own. It is made once, and again when pyproject.toml changes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# A command of that name may exist and fail (version managers' shims), or come without venv (Debian).
find_python := for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$python"; break; }; done

ifeq ($(PYTHON),)
override PYTHON = $(shell $(find_python))
VENV := .venv
else
VENV := .venv-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif
ifdef DJANGO
VENV := $(VENV)-django-$(DJANGO)
endif

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PIN := $(if $(DJANGO),"Django==$(DJANGO).*")

.PHONY: help demo test lint bench docs clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14
	@sed -n '3,5s/^# *//p' Makefile

demo: $(VENV)/demo ## install the reference ERP on SQLite, audit it (report.md, report.html), show the summary
	@env -u DATABASE_URL $(BIN)/python manage.py migrate --verbosity 0
	@env -u DATABASE_URL $(BIN)/python manage.py seed_erp --scale 1
	@env -u DATABASE_URL $(BIN)/python manage.py dbaudit report --output report.md --output report.html
	@awk '/^## / { summary = /Summary/ } summary' report.md
	@echo "The whole report: $(CURDIR)/report.md and report.html"

test: $(VENV)/dev ## run the tests on SQLite and on PostgreSQL servers that they bring up themselves
	@# Each of the many processes of a run would compile the package anew.
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist worksteal $(TESTS)

lint: $(VENV)/dev ## check style, types and workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

bench: $(VENV)/dev ## run the benchmarks
	for program in benchmarks/*.py benchmarks/advisor/*.py; do echo "== $$program"; $(BIN)/python "$$program"; done

docs: $(VENV)/dev ## write the generated pages of docs/ anew, build all as HTML in build/docs
	$(BIN)/python manage.py dbaudit checks --format markdown > $(VENV)/checks.md
	mv $(VENV)/checks.md docs/checks.md
	$(BIN)/python docs/reference.py > $(VENV)/reference.md
	mv $(VENV)/reference.md docs/reference.md
	$(BIN)/python docs/blocks.py README.md
	$(BIN)/python -m sphinx -W -q docs build/docs

clean: ## remove virtual environments, caches and what the demo made
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache build dist
	rm -f db.sqlite3 report.md report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 with venv was found: give one as PYTHON=" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"

$(VENV)/demo: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.' --group demo $(PIN)
	@touch $@

$(VENV)/dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.[postgres,toolbar,queries,migrations,terminal]' --group dev $(PIN)
	@touch $@
