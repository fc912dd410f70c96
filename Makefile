# make book     build the book into _build/html
# make test     check style, types, package, notebooks, and the book in a browser
# make serve    show the built book at http://localhost:8000
# make teach    put the class into _build/teach, for a stick; SOLUTIONS=1 adds the homework's
# make execute  run every notebook anew and store its outputs
# make colab    run some notebooks with Colab's versions: make PYTHON=python3.13 colab
# make fuzz     odd input and kills, much more of them than the tests have; FUZZ=50 times
# make bench    time training steps; NAME=... names the file in data/benchmarks
# make lock     write requirements.lock: what is installed and tested here, with hashes
# make repository URL=https://github.com/OWNER/NAME   tell the project where it lives

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count() or 1))")
NAME ?= laptop
FUZZ ?= 50

# Many of these orders start Python over and over: it may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: book test checks rebuilt colab fuzz serve teach execute bench lock repository clean

book: $(VENV)/installed
	$(BIN)/jupyter-book build -W -n --keep-going .

# The checks and the book are made at the same time. Tests and notebooks share the workers (see
# `Spread` in tests/conftest.py), a core and a thread each: JOBS of them, or as many as cores, up
# to four, since each takes some 2 GiB with what it starts. The tests in a browser wait now and
# then, so there is one worker more. On a busy machine one of them may run out of time: it is tried
# once more in a new window, and counted as "rerun"; a wrong answer is not. A page may also cease to
# answer, and playwright waits for an answer without end: after three minutes that worker is given
# up, and the test is tried once more by another.
test: $(VENV)/installed
	$(MAKE) --no-print-directory -j $(JOBS) checks rebuilt
	OMP_NUM_THREADS=1 $(BIN)/pytest tests gevb book --nbval -n $(JOBS) --dist loadscope
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/browser --confcutdir tests/browser \
	  -n $$(($(JOBS) + 1)) --dist worksteal --reruns 1 --only-rerun TimeoutError \
	  -o faulthandler_timeout=180 -o faulthandler_exit_on_timeout=true

checks:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python tools/notebooks.py check

# All pages anew: a page that is not built again does not say its warnings again. Chromium first,
# which draws the pictures of the figures.
rebuilt:
	$(BIN)/python tools/browser.py install
	$(BIN)/jupyter-book build -W -n --keep-going --all .

# As a reader there has them: nothing of ours is installed, the first cell finds the wheel.
COLAB := _build/colab
COLABS := ten_minutes training results
colab: $(VENV)/installed
	rm -rf $(COLAB)
	$(PYTHON) -m venv $(COLAB)/python
	$(COLAB)/python/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r tools/colab.txt nbclient
	$(BIN)/python -m hatchling build --target wheel --directory $(COLAB)
	cp $(COLABS:%=book/%.ipynb) $(COLAB)
	for name in $(COLABS); do \
	  COLAB_NOTEBOOK_ID=$$name PIP_CONSTRAINT=$(CURDIR)/tools/colab.txt \
	  $(COLAB)/python/bin/jupyter-execute $(COLAB)/$$name.ipynb || exit; \
	done
	$(COLAB)/python/bin/python --version
	$(COLAB)/python/bin/python -m pip freeze

fuzz: $(VENV)/installed
	GEVB_FUZZ=$(FUZZ) OMP_NUM_THREADS=1 $(BIN)/pytest tests/test_fuzz.py \
	  --hypothesis-show-statistics -rP -n 0

serve: book
	$(BIN)/python -m http.server --directory _build/html

teach: $(VENV)/installed
	$(BIN)/python tools/browser.py install
	$(MAKE) --no-print-directory book
	$(BIN)/python tools/teach.py $(if $(SOLUTIONS),--solutions)

execute: $(VENV)/installed
	$(BIN)/python tools/notebooks.py execute

bench: $(VENV)/installed
	$(BIN)/python -m benchmarks --name $(NAME)

lock: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/tested.txt
	$(BIN)/uv pip compile pyproject.toml --extra book --constraint $(VENV)/tested.txt --quiet \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

repository: $(VENV)/installed
	$(BIN)/python tools/repository.py "$(URL)"

# A stamp, so that a second call installs nothing.
$(VENV)/installed: requirements.txt pyproject.toml book/assets/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or newer is wanted, got " + sys.version.split()[0] + \
	  "; name another with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -r requirements.txt -e '.[book,dev]'
	$(BIN)/npm ci --prefix book/assets --silent
	touch $@

clean:
	rm -rf _build $(VENV)
