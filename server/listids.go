package server

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/server/lists"
)

// A list of ids may come as text, one id a line, or as a CSV whose first
// column they are.
const (
	textType = "text/plain"
	csvType  = "text/csv"
)

const (
	// maxListBytes is how long a list of ids may be: some five million.
	maxListBytes = 256 << 20

	// maxListIDs is how many ids are read; the lists take no more.
	maxListIDs = 5_000_000

	// listReadTime is how long such a list may take to come in.
	listReadTime = 10 * time.Minute
)

func badIDAt(i int) *Problem {
	return fault(badBody, "the list is not valid", "/audience/ids/"+strconv.Itoa(i), "expected an id of 1 to 128 bytes of printable UTF-8")
}

// readSpecIDs reads a list of ids; the rest of the spec is in the query.
func (s *Server) readSpecIDs(c *call, r *http.Request) (*lists.Spec, *Problem) {
	c.params.reset(pScenario | pChain | pChannel | pFilter | pCount | pFormat | pValues | pPublish)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return nil, bad
	}
	if bad := checkType(r, []string{textType, csvType}); bad != nil {
		return nil, bad
	}
	p := &c.params
	spec := &lists.Spec{
		Scenario: strings.Clone(p.scenario), Chain: strings.Clone(p.chain), Filter: strings.Clone(p.filter),
		Channel: strings.Clone(p.channel), Format: strings.Clone(p.format), Values: p.values, Publish: p.publish,
	}
	if p.has(pCount) {
		spec.Count = p.count
	}
	// The connection's deadline is of the machine's clock. Where it cannot be
	// moved the ordinary one holds.
	_ = http.NewResponseController(c).SetReadDeadline(time.Now().Add(listReadTime))
	body := http.MaxBytesReader(c, r.Body, maxListBytes)
	next := idLines(body)
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind == csvType {
		next = idColumn(body)
	}
	var bad *Problem
	spec.IDs, bad = readIDs(next)
	return spec, bad
}

// readIDs reads ids up to the end, a heading left out.
func readIDs(next func() (id string, line int, err error)) ([]string, *Problem) {
	var ids []string
	for {
		id, line, err := next()
		switch {
		case err == io.EOF && len(ids) == 0:
			return nil, fault(badBody, "the list is not valid", "/audience/ids", "expected at least one id")
		case err == io.EOF:
			return ids, nil
		case err != nil:
			return nil, idsProblem(err)
		case id == "" || line == 1 && isHeading(id):
			continue
		case !validID(id):
			return nil, fault(badBody, "the list is not valid", "", fmt.Sprintf("expected an id of 1 to 128 bytes of printable UTF-8 on line %d", line))
		case len(ids) == maxListIDs:
			return nil, problem(http.StatusRequestEntityTooLarge, tooMany, fmt.Sprintf("more than %d ids, the most that a list takes", maxListIDs))
		}
		ids = append(ids, strings.Clone(id))
	}
}

func idsProblem(err error) *Problem {
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return problem(http.StatusRequestEntityTooLarge, tooLarge, fmt.Sprintf("the body is longer than %d bytes, the most that is taken at once", maxListBytes))
	}
	if where, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault(badBody, "the body is not valid CSV", "", where.Error())
	}
	return problem(http.StatusBadRequest, badBody, "the body could not be read to its end")
}

// isHeading says whether the first line names the column.
func isHeading(id string) bool {
	switch strings.ToLower(id) {
	case "member", "id", "member_id", "memberid":
		return true
	}
	return false
}

// idLines reads one id a line.
func idLines(r io.Reader) func() (string, int, error) {
	lines, n := bufio.NewScanner(r), 0
	return func() (string, int, error) {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return "", n, err
			}
			return "", n, io.EOF
		}
		n++
		return strings.TrimSuffix(lines.Text(), "\r"), n, nil
	}
}

// idColumn reads the first column of a CSV.
func idColumn(r io.Reader) func() (string, int, error) {
	records := csv.NewReader(r)
	records.FieldsPerRecord, records.ReuseRecord = -1, true
	return func() (string, int, error) {
		record, err := records.Read()
		if err != nil {
			return "", 0, err
		}
		line, _ := records.FieldPos(0)
		return record[0], line, nil
	}
}

// writeJSON answers with a value.
func writeJSON(c *call, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil { // strings and numbers only: cannot be
		writeProblem(c, asProblem(err))
		return
	}
	c.Header().Set("Content-Type", jsonType)
	c.Header().Set("Cache-Control", "no-store")
	c.WriteHeader(status)
	c.Write(append(text, '\n')) // the client may be gone: nobody is left to tell
}

func (s *Server) describePostList() {
	responses := s.problemDoc(400, 413, 415, 503)
	responses["202"] = &huma.Response{
		Description: "It waits for its turn", Content: jsonContent(s.schema(reflect.TypeFor[List]())),
		Headers: map[string]*huma.Param{"Location": {Description: "Where to ask how far it is", Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	content := jsonContent(s.schema(reflect.TypeFor[ListBody]()))
	for _, kind := range []string{textType, csvType} {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: "/v1/lists", OperationID: "post-list", Tags: []string{"Lists"},
		Summary: "Make a list: every member's best offers",
		Description: "For everybody, a chain, those for whom an expression holds, or given members, through the same code as the online answer and all from one position of the log. " +
			"Lists are made one at a time, in their order, and give way to lookups. The members may also come as text, one id a line, or as a CSV whose first column they are; " +
			"the rest is then in the query, where nothing else may be. With `publish` the rows go to `nabo.out.lists.<id>`, too.",
		Parameters:  s.queryDoc(pScenario | pChain | pChannel | pFilter | pCount | pFormat | pValues | pPublish),
		RequestBody: &huma.RequestBody{Required: true, Content: content},
		Responses:   responses,
	})
}
