# Everything runs in .venv; `make run` and `make test` set it up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run party demo test lint format words train train-full train-small learn bench soak cluster hooks clean

run: $(VENV)/.run
	$(BIN)/python -m bot $(ARGS)

# An evening in the living room: opens the big screen here, and lets phones on the home network in.
party: $(VENV)/.run
	$(BIN)/python -m bot --party $(ARGS)

# The bot in a browser alone: writes a folder that any static host can serve. Needs npm.
RUNTIME := demo/node_modules/.package-lock.json
demo: $(VENV)/.run $(RUNTIME)
	$(BIN)/python -m demo.build $(or $(ARGS),site)

$(RUNTIME): demo/package-lock.json
	npm ci --prefix demo --ignore-scripts --no-audit --no-fund
	touch $@

# On all cores; ARGS="tests/bot/game -n 0" runs a part of them, in one process and without coverage.
COVERAGE := --cov --cov-report=term:skip-covered --cov-fail-under=95
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),--numprocesses auto --dist worksteal $(COVERAGE))

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

hooks: $(VENV)/.dev
	$(BIN)/pre-commit install

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The sentences for translators, marked by _, gettext, ngettext or N_ in the sources: what is new
# appears, empty, in each language's .po.
LOCALES := bot/speech/locales
WORDS := $(LOCALES)/snowpeople.pot
words: $(VENV)/.dev
	$(BIN)/pybabel extract --project=snowpeople --version=0.1 --add-comments=Translators: --strip-comments \
		--add-location=file --sort-by-file --width=100 --output=$(WORDS) bot
	$(BIN)/pybabel update --domain=snowpeople --input-file=$(WORDS) --output-dir=$(LOCALES) \
		--width=100 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

# Your own photos: make train PHOTOS=path/to/folder BACKBONE=imagenet
PHOTOS ?= ../shared/photos
BACKBONE ?= ../shared/backbone/resnet18-imagenet.safetensors
TRAIN := $(BIN)/python -m classifier.train --photos $(PHOTOS) --backbone $(BACKBONE) $(ARGS)
train: $(VENV)/.train
	$(TRAIN)
train-full train-small: train-%: $(VENV)/.train
	$(TRAIN) --model $*

# What fooled the bot, as /keep on collects it, taught to a new model beside that folder.
FOOLINGS ?= data/kept
MODEL ?= full
learn: $(VENV)/.train
	$(BIN)/python -m classifier.learn --foolings $(FOOLINGS) --model $(MODEL) $(ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m tools.bench $(ARGS)

# Ten minutes under load and faults, a SIGTERM and some kills; then 200 kills of the memory alone: make soak ARGS="--minutes 1 --kills 2"
soak: $(VENV)/.dev
	$(BIN)/python -m tools.soak --minutes 10 --seed 1 $(ARGS)
	$(BIN)/python -m tools.kill 200 --seed 5
	$(BIN)/python -m tools.kill 200 --stop

# Two bots on one PostgreSQL, one of them killed, the database restarted; what each photo got: make cluster ARGS="--photos 80"
cluster: $(VENV)/.dev
	$(BIN)/python -m tools.cluster $(ARGS)

clean:
	rm -rf $(VENV) site demo/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp for each set of dependencies, made anew when pyproject.toml changes.
$(VENV)/.run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.train: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[train,teacher]'
	touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.run
