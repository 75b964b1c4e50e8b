# Everyday commands. They run in .venv where there is one, else in the current environment.
PYTHON ?= python3
VENV ?= .venv
export PATH := $(abspath $(VENV))/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help environment setup lint types test test-long test-must test-slow gallery docs demo

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	    printf '%-12s %s\n' "$$name" "$$text"; done

environment: ## make .venv with the project in it, editable, and all that tests need
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -e '.[test]'

setup: environment ## the same, and the checks before each commit
	pre-commit install

lint: ## style, format and spelling
	ruff check .
	ruff format --check .
	codespell

types: ## types, by pyright
	pyright

test: ## all tests but the long ones (about twelve minutes on two cores)
	pytest

test-long: ## further tests that every change must pass
	pytest -m "long and not must"

test-must: ## whole runs that every change must pass, compiled as users' programs are
	XLA_FLAGS= pytest -m must

test-slow: ## tests that take minutes
	XLA_FLAGS= pytest -m slow

gallery: ## real runs for the documentation's gallery
	python tools/make_gallery.py

docs: ## the documentation as pages, docs/_build/html
	sphinx-build -W -b html docs docs/_build/html

demo: ## forget one of the bundled people, and show it
	jaxunlearn demo
