# Two commands: `make run` shows the whole river on the examples, `make test` proves the house.
UV := .boot/bin/uv
PY := .venv/bin/python
export UV_PYTHON_DOWNLOADS := never

.PHONY: run test test-long check docs setup setup-test system lock clean

run: .venv/.run
	$(PY) -m tanhui demo --out out/demo

setup: .venv/.run
setup-test: .venv/.test

.boot/bin/uv:
	python3 -m venv .boot
	.boot/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

.venv/bin/python:
	python3 -m venv .venv

# The test lock is a superset of the run lock, so an environment made for tests also runs.
.venv/.run: requirements.lock pyproject.toml | .boot/bin/uv .venv/bin/python
	test -e .venv/.test || $(UV) pip sync --quiet --python $(PY) --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(PY) --no-deps -e .
	touch $@

.venv/.test: requirements-test.lock pyproject.toml | .boot/bin/uv .venv/bin/python
	$(UV) pip sync --quiet --python $(PY) --require-hashes requirements-test.lock
	$(UV) pip install --quiet --python $(PY) --no-deps -e .
	touch $@ .venv/.run

check: .venv/.test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy tanhui

test: system .venv/.test check
	$(PY) -m pytest -n 2 --dist worksteal tests

test-long: system .venv/.test
	$(PY) -m pytest -n 2 --dist worksteal tests --long

docs: .venv/.test
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet

# What the tests need beyond Python: a browser to look at the report, and a font with Chinese characters.
system:
	@sh tests/system-packages.sh

lock: .boot/bin/uv
	$(UV) pip compile --quiet --universal --generate-hashes pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --all-extras -c requirements.lock pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv .boot out site .mypy_cache .ruff_cache .pytest_cache
