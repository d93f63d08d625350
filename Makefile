# Everything here needs Go and make only. Tools run at the versions below.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
GO          ?= go
DATA        ?= ./nabo-demo
FUZZTIME    ?= 60
BENCH       ?= ./graph ./engine ./engine/event ./engine/store
# The race detector needs a C compiler; where there is none, Go turns cgo off.
RACE         = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.PHONY: build run test check lint fuzz bench clean

build:
	$(GO) build -o nabo .

# A generated shop to look at; the program itself says where and what to try.
run: build
	./nabo serve --demo --data $(DATA)

test:
	$(GO) test $(RACE) ./...

# The whole gate. A test that has passed on the same files is not run again:
# the go command remembers it.
check: lint test

lint:
	@unformatted=$$(gofmt -l $$($(GO) list -f '{{.Dir}}' ./...)); \
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
