# liandong: `make run` shows the demo, `make test` proves it; each does all of its own set-up.
PYTHON := .venv/bin/python
SETUP := bash packaging/linux/setup.sh
OLDEST := build/pyside-oldest
export LIANDONG_SUMMARY := build/skipped.txt

.PHONY: help run test check lint unit end2end oldest bench package lock demo-clips clean setup-run setup-check setup-test

help:
	@echo "make run      the demo (on a screen, or for half a minute without one)"
	@echo "make test     check + end-to-end tests with real peers (under 15 minutes)"
	@echo "make check    format, lint, types, unit tests (under 2 minutes)"
	@echo "make bench    measure everything into tests/bench/RESULTS.md"
	@echo "make package  wheel, source archive and offline installer in dist/"
	@echo "make lock     renew requirements.lock · make demo-clips  render the demo's clips again · make clean"

run: setup-run
	@bash packaging/linux/run.sh

setup-run setup-check setup-test: setup-%:
	@$(SETUP) $*

check: setup-check
	@$(MAKE) --no-print-directory lint unit

test: setup-test
	@$(MAKE) --no-print-directory lint unit oldest end2end

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy console

unit:
	$(PYTHON) -m pytest --ignore=tests/end2end --ignore=tests/bench

# The oldest PySide6 we promise runs the window's unit tests too; the lock holds the newest.
oldest:
	@bash packaging/linux/oldest.sh $(OLDEST)
	PYTHONPATH=$(OLDEST) $(PYTHON) -m pytest tests/ui tests/test_none_is_safe.py

end2end:
	$(PYTHON) -m pytest tests/end2end

bench: setup-test
	$(PYTHON) tests/bench/run.py

package: setup-check
	@bash packaging/linux/package.sh

lock: setup-check
	$(PYTHON) -m piptools compile --quiet --extra dev --allow-unsafe --strip-extras --generate-hashes --annotation-style=line \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml

demo-clips: setup-check
	$(PYTHON) packaging/demo/build.py

clean:
	rm -rf build dist out *.egg-info .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
