package server

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// registerNextPage serves and describes the next page of a decision.
func (s *Server) registerNextPage() {
	const path = "/v1/recomms/{id}/next"
	s.handle("GET "+path, s.nextPage)
	responses := s.problemDoc(400, 404, 503)
	responses["200"] = &huma.Response{Description: "A new decision, which names the one before", Content: jsonContent(AnyAnswer{}.Schema(s.api.OpenAPI().Components.Schemas))}
	count := s.queryDoc(pCount)
	count[0].Schema.Default, count[0].Description = nil, "How many to answer with at most. As the decision before if left out."
	length := 26
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: "get-next-page", Tags: []string{"Recommendations"},
		Summary: "The next page",
		Description: "The same question, asked now, without what this decision and those before it have answered. " +
			"What is left is answered until nothing is.",
		Parameters: append([]*huma.Param{{
			Name: "id", In: "path", Required: true, Description: "The recommId of an answer",
			Schema: &huma.Schema{Type: huma.TypeString, MinLength: &length, MaxLength: &length},
		}}, append(count, s.queryDoc(pMinSeq)...)...),
		Responses: responses,
	})
}

// nextPage asks a decision's question again, without what was answered.
func (s *Server) nextPage(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	if bad := s.answerNextPage(c, r); bad != nil {
		writeProblem(c, bad)
		return
	}
	c.out = append(c.out, '\n')
	c.Header().Set("Content-Type", jsonType)
	c.Header().Set("Cache-Control", "no-store")
	c.Write(c.out) // the client may be gone: nobody is left to tell
}

func (s *Server) answerNextPage(c *call, r *http.Request) *Problem {
	if bad := s.unready(); bad != nil {
		return bad
	}
	c.params.reset(pCount | pMinSeq)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return bad
	}
	if bad := s.reach(r.Context(), c.params.minSeq); bad != nil {
		return bad
	}
	id, packed, bad := s.findDecision(r.PathValue("id"), nil)
	if bad != nil {
		return bad
	}
	c.out = c.out[:0]
	if packed[0] == formOffers {
		return s.nextOffers(c, id.String(), packed)
	}
	return s.nextGoods(c, id.String(), packed[1:])
}

func (s *Server) nextGoods(c *call, previous string, packed []byte) *Problem {
	d := unpackDecision(packed)
	if bad := s.stillKnown(d.query.Member); bad != nil {
		return bad
	}
	for i := range d.items {
		d.query.Exclude = append(d.query.Exclude, d.items[i].id)
	}
	if c.params.has(pCount) {
		d.query.Count = c.params.count
	}
	if bad := tooFar(len(d.query.Exclude)); bad != nil {
		return bad
	}
	c.query = d.query
	s.answerGoods(c, d.scenario.Name, previous)
	return nil
}

// mostPaged bounds what the pages of one question answer together: each
// decision holds all that came before it.
const mostPaged = 5000

func tooFar(answered int) *Problem {
	if answered <= mostPaged {
		return nil
	}
	return fault(badParameter, "there are no more pages", "/id", fmt.Sprintf("expected a decision before which at most %d items were answered", mostPaged))
}

func (s *Server) nextOffers(c *call, previous string, packed []byte) *Problem {
	d, bad := s.openOffers(packed)
	if bad == nil {
		bad = s.compileAgain(d)
	}
	if bad != nil {
		return bad
	}
	for i := range d.items {
		d.query.Exclude = append(d.query.Exclude, d.items[i].id)
	}
	if c.params.has(pCount) {
		d.query.Count = c.params.count
	}
	if bad := tooFar(len(d.query.Exclude)); bad != nil {
		return bad
	}
	c.offers = d.query
	s.answerOffers(c, d.op, previous)
	return nil
}
