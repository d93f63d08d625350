package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nabo/engine"
	"nabo/server/lists"
)

// ListBody is what POST /v1/lists takes as JSON.
type ListBody struct {
	Scenario string        `json:"scenario" minLength:"1" maxLength:"128" doc:"Where the list is shown: how it is made follows from it"`
	Audience *ListAudience `json:"audience,omitempty" doc:"Everybody if left out"`
	Count    int           `json:"count,omitempty" minimum:"1" maximum:"200" doc:"Offers a member; the scenario's if left out"`
	Format   string        `json:"format,omitempty" enum:"ndjson,csv" doc:"ndjson if left out"`
	Channel  string        `json:"channel,omitempty" enum:"email,push,inapp" doc:"The list goes into a message: only members with a grant for it get offers"`
	Values   bool          `json:"values,omitempty" doc:"Give whole items, with reason and values as the online answer has them (some 350 bytes each); without it ids and scores (some 60); only as ndjson"`
	Publish  bool          `json:"publish,omitempty" doc:"Publish the rows over NATS, too, for a customer data platform to pick up"`
}

// ListAudience says whom a list is for. Members must be in all that is given.
type ListAudience struct {
	Chain  string   `json:"chain,omitempty" maxLength:"128" doc:"Members of whom it was written that they are of this chain, and what holds in it"`
	Filter string   `json:"filter,omitempty" maxLength:"4096" doc:"A CEL expression over the member, such as member.attributes.tier == \"gold\""`
	IDs    []string `json:"ids,omitempty" nullable:"false" doc:"These members, in this order"`
}

// List is how far a list is.
type List struct {
	ID        string          `json:"id"`
	State     string          `json:"state" enum:"queued,running,done,failed,cancelled"`
	Reason    string          `json:"reason,omitempty" doc:"Why it failed"`
	Scenario  string          `json:"scenario"`
	Chain     string          `json:"chain,omitempty" doc:"Of the audience"`
	Filter    string          `json:"filter,omitempty" doc:"Of the audience"`
	Given     int             `json:"given,omitempty" doc:"How many ids were given"`
	Channel   string          `json:"channel,omitempty"`
	Values    bool            `json:"values,omitempty" doc:"Rows hold whole items"`
	Count     int             `json:"count,omitempty" doc:"Offers a member; left out: the scenario's"`
	Format    string          `json:"format" enum:"ndjson,csv"`
	Epoch     uint64          `json:"epoch" doc:"Grows when the list is begun anew, after a restart of the engine: rows that were read before are then void"`
	Seq       uint64          `json:"seq,omitempty" doc:"The log position that all rows reflect; left out while it is queued"`
	Time      *time.Time      `json:"time,omitempty" doc:"The moment that all rows are made for"`
	Members   int             `json:"members" doc:"To be looked at"`
	Looked    int             `json:"looked" doc:"Of these, looked at so far"`
	Rows      int64           `json:"rows" doc:"Of these, in the list"`
	Bytes     int64           `json:"bytes" doc:"Of the rows so far"`
	Progress  Fixed           `json:"progress" minimum:"0" maximum:"1" doc:"1: done"`
	Rate      Fixed           `json:"rate" doc:"Members looked at in a second"`
	Asked     time.Time       `json:"asked"`
	Started   *time.Time      `json:"started,omitempty"`
	Ended     *time.Time      `json:"ended,omitempty"`
	Published *ListPublishing `json:"published,omitempty" doc:"Left out where it is not to be published"`
}

// ListPublishing is how far publishing a list over NATS is.
type ListPublishing struct {
	State string `json:"state" enum:"queued,running,done,failed,cancelled"`
	Lines int64  `json:"lines"`
	Bytes int64  `json:"bytes"`
	Error string `json:"error,omitempty" doc:"The newest failure; it is tried again"`
}

// Lists are all lists that are kept.
type Lists struct {
	Lists []List `json:"lists" nullable:"false" doc:"The newest first"`
}

type (
	listInput struct {
		ID string `path:"id" minLength:"1" maxLength:"128" doc:"The list"`
	}
	listOutput  struct{ Body List }
	listsOutput struct{ Body Lists }
)

func (s *Server) registerLists() {
	const tag = "Lists"
	s.handle("POST /v1/lists", s.postList)
	s.describePostList()
	serve(s, cold{
		method: http.MethodGet, path: "/v1/lists", id: "get-lists", tag: tag, problems: []int{400, 503},
		summary: "All lists", doc: "Those that wait, the one that is being made, and those that have ended, as long as they are kept.",
	}, func(context.Context, exchange, *struct{}) (*listsOutput, error) {
		out := Lists{Lists: []List{}}
		if s.opt.Lists != nil {
			for _, st := range s.opt.Lists.List() {
				out.Lists = append(out.Lists, listOf(&st))
			}
		}
		return &listsOutput{out}, nil
	})
	serve(s, cold{
		method: http.MethodGet, path: "/v1/lists/{id}", id: "get-list", tag: tag, problems: []int{400, 404, 503},
		summary: "How far a list is",
	}, func(_ context.Context, _ exchange, in *listInput) (*listOutput, error) { return s.listStatus(in.ID) })
	serve(s, cold{
		method: http.MethodDelete, path: "/v1/lists/{id}", id: "delete-list", tag: tag, problems: []int{400, 404, 503},
		summary: "Cancel a list", doc: "One that waits or is being made ends and its rows go; of one that is done the publishing ends. One that has ended otherwise stays as it is.",
	}, func(_ context.Context, _ exchange, in *listInput) (*listOutput, error) {
		if s.opt.Lists == nil {
			return nil, noList()
		}
		if err := s.opt.Lists.Cancel(in.ID); err != nil {
			return nil, listProblem(err)
		}
		return s.listStatus(in.ID)
	})
	s.handle("GET /v1/lists/{id}/rows", s.listRows)
	s.describeListRows()
}

func (s *Server) listStatus(id string) (*listOutput, error) {
	if s.opt.Lists == nil {
		return nil, noList()
	}
	st, err := s.opt.Lists.Status(id)
	if err != nil {
		return nil, listProblem(err)
	}
	return &listOutput{listOf(&st)}, nil
}

func noList() *Problem {
	return problem(http.StatusNotFound, unknownList, "there is no list of this id; it may have been removed to make room")
}

func listOf(st *lists.Status) List {
	out := List{
		ID: st.ID, State: string(st.State), Reason: st.Reason, Scenario: st.Spec.Scenario, Chain: st.Spec.Chain,
		Filter: st.Spec.Filter, Given: st.Spec.Given, Channel: st.Spec.Channel, Values: st.Spec.Values, Count: st.Spec.Count, Format: st.Spec.Format,
		Epoch: st.Epoch, Seq: st.Position, Time: notZero(st.Time), Members: st.Members, Looked: st.Looked, Rows: st.Rows, Bytes: st.Bytes,
		Rate: Fixed(st.Rate), Asked: st.Asked, Started: notZero(st.Started), Ended: notZero(st.Ended),
	}
	switch {
	case st.State == lists.Done:
		out.Progress = 1
	case st.Members > 0:
		out.Progress = Fixed(float64(st.Looked) / float64(st.Members))
	}
	if p := st.Published; p != nil {
		out.Published = &ListPublishing{string(p.State), p.Lines, p.Bytes, p.Error}
	}
	return out
}

func notZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// listProblem says over HTTP what the lists say.
func listProblem(err error) *Problem {
	var (
		spec       *lists.SpecError
		cursor     *lists.CursorError
		anew       *lists.EpochError
		unfinished *lists.UnfinishedError
	)
	switch {
	case errors.As(err, &spec):
		return fault(badBody, "the list is not valid", spec.Pointer, spec.Detail)
	case errors.As(err, &cursor):
		return fault(badParameter, "the parameter cursor is not valid", "/cursor", cursor.Detail)
	case errors.As(err, &anew):
		return problem(http.StatusConflict, listBegunAnew, anew.Error())
	case errors.As(err, &unfinished):
		return problem(http.StatusConflict, listUnfinished, unfinished.Error())
	case errors.Is(err, lists.ErrUnknown):
		return noList()
	case errors.Is(err, lists.ErrFull):
		return unavailable(listsFull, lists.ErrFull.Error())
	case errors.Is(err, lists.ErrStopped):
		return unavailable(notReady, "stopping: ask again later, with the same cursor")
	}
	return asProblem(err)
}

// postList starts a list.
func (s *Server) postList(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	spec, bad := s.readSpec(c, r)
	if bad != nil {
		writeProblem(c, bad)
		return
	}
	id, err := s.opt.Lists.Start(*spec)
	if err == nil {
		var out *listOutput
		if out, err = s.listStatus(id); err == nil {
			c.Header().Set("Location", "/v1/lists/"+id)
			writeJSON(c, http.StatusAccepted, out.Body)
			return
		}
	}
	bad = listProblem(err)
	if bad.Status == http.StatusInternalServerError {
		s.opt.Log.Error("a list could not be started", "error", err)
	}
	writeProblem(c, bad)
}

// readSpec reads and checks what is asked for.
func (s *Server) readSpec(c *call, r *http.Request) (*lists.Spec, *Problem) {
	if bad := s.unready(); bad != nil {
		return nil, bad
	}
	if s.opt.Lists == nil {
		return nil, problem(http.StatusServiceUnavailable, noLists, "lists are not set up here")
	}
	read := s.readSpecJSON
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind == textType || kind == csvType {
		read = s.readSpecIDs
	}
	spec, bad := read(c, r)
	if bad != nil {
		return nil, bad
	}
	if !validID(spec.Scenario) {
		return nil, fault(badBody, "the list is not valid", "/scenario", "is required: the id of a scenario")
	}
	if spec.Chain != "" && !validID(spec.Chain) {
		return nil, fault(badBody, "the list is not valid", "/audience/chain", "expected 1 to 128 bytes of printable UTF-8")
	}
	if spec.Channel != "" && !isChoice(pChannel.info().words, spec.Channel) { // of another nobody is asked for consent
		return nil, fault(badBody, "the list is not valid", "/channel", "must be email, push or inapp, or be left out")
	}
	if spec.Filter != "" {
		if _, err := compileAudience(s.opt.Engine, spec.Filter); err != nil {
			return nil, fault(badBody, "the list is not valid", "/audience/filter", err.Error())
		}
	}
	if spec.Format == "" {
		spec.Format = lists.NDJSON
	}
	if spec.Values && spec.Format == lists.CSV {
		return nil, fault(badBody, "the list is not valid", "/values", "expected false with the format csv, whose columns are fixed")
	}
	return spec, nil
}

func (s *Server) readSpecJSON(c *call, r *http.Request) (*lists.Spec, *Problem) {
	c.params.reset(0)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return nil, bad
	}
	if bad := s.readBody(c, r, jsonType, textType, csvType); bad != nil {
		return nil, bad
	}
	var body struct {
		ListBody
		Count *int `json:"count"`
	}
	if bad := strictJSON(c.in, &body); bad != nil {
		return nil, bad
	}
	spec := &lists.Spec{Scenario: body.Scenario, Channel: body.Channel, Format: body.Format, Values: body.Values, Publish: body.Publish}
	if body.Count != nil {
		if spec.Count = *body.Count; spec.Count < 1 || spec.Count > engine.MaxCount {
			return nil, fault(badBody, "the list is not valid", "/count", "expected a whole number from 1 to 200")
		}
	}
	if a := body.Audience; a != nil {
		spec.Chain, spec.Filter, spec.IDs = a.Chain, a.Filter, a.IDs
		if a.IDs != nil && len(a.IDs) == 0 {
			return nil, fault(badBody, "the list is not valid", "/audience/ids", "expected at least one id")
		}
		for i, id := range a.IDs {
			if !validID(id) {
				return nil, badIDAt(i)
			}
		}
	}
	return spec, nil
}
