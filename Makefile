# Everything here needs Go and make only, but for the browser tests: they are left
# out, and say so, where there is no Chromium or no Node. Tools run at the versions below.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
GO          ?= go
DATA        ?= ./nabo-demo
FUZZTIME    ?= 60
BENCH       ?= ./graph ./engine ./engine/event ./engine/store
# The race detector needs a C compiler; where there is none, Go turns cgo off.
RACE         = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# What the browser tests need, as it is here: a result that was kept while one of
# them was missing is no result once it is there.
TOOLS        = $(shell command -v node npm chromium chromium-browser google-chrome)

.PHONY: build run test browser console console-check check lint fuzz bench clean

build:
	$(GO) build -o nabo .

# A generated shop to look at; the program itself says where and what to try.
run: build
	./nabo serve --demo --data $(DATA)

# The browser tests run last, with every test's name, or the word that they were left out.
test:
	$(GO) test $(RACE) $$($(GO) list ./... | grep -v '/server/browser$$')
	NABO_TOOLS="$(TOOLS)" $(GO) test -v ./server/browser

# The browser tests alone, and now; a missing tool is a failure.
browser:
	NABO_BROWSER=1 $(GO) test -count=1 -v ./server/browser

# The console's files, made anew from server/console/src. Needs Node and npm; build does not.
console:
	cd server/console && npm ci --no-audit --no-fund && npm run build

# The same beside what is committed: it must come out byte for byte.
console-check:
	cd server/console && npm ci --no-audit --no-fund && npm run build -- --outDir node_modules/.console-check --emptyOutDir
	diff -r server/console/dist server/console/node_modules/.console-check

# The whole gate. A test that has passed on the same files is not run again:
# the go command remembers it.
check: lint test

lint:
	@unformatted=$$(gofmt -l $$($(GO) list -f '{{$$dir := .Dir}}{{range .GoFiles}}{{$$dir}}/{{.}} {{end}}{{range .TestGoFiles}}{{$$dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$dir}}/{{.}} {{end}}{{range .IgnoredGoFiles}}{{$$dir}}/{{.}} {{end}}' ./...)); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

# Every fuzz target in the project, FUZZTIME seconds in all.
fuzz:
	@GO="$(GO)" FUZZTIME=$(FUZZTIME) bash .ci/fuzz

bench:
	$(GO) test -run '^$$' -bench . -benchmem $(BENCH)

clean:
	rm -f nabo
