package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nabo/server/console"
)

// register puts everything on the mux and writes the document about it.
func (s *Server) register() error {
	s.api = newAPI(s)
	s.introduce()
	s.registerHot()
	s.registerCatalogue()
	s.registerMembers()
	s.registerOffers()
	s.registerActivations()
	s.registerConsents()
	s.registerScenarios()
	s.registerLists()
	s.registerSync()
	s.registerPreview()
	s.registerSearch()
	s.registerSales()
	s.registerOfferHistory()
	s.registerGraph()
	s.registerDeadLetters()
	s.registerLookups()
	if err := s.writeDocument(); err != nil {
		return err
	}
	s.registerPages()
	s.registerClient()
	s.handle("/", s.fallback)
	return nil
}

func (s *Server) registerHot() {
	shared := &sharedHeaders{json: []string{jsonType}, noStore: []string{"no-store"}}
	s.handle("POST /v1/events", s.events)
	s.describeEvents()
	for i := range s.questions {
		q := &s.questions[i]
		s.handle("GET "+q.path, s.asked(q, shared))
		s.handle("POST "+q.path, s.asked(q, shared))
		s.describeQuestion(q)
	}
	s.handle("GET /v1/ws", s.socket)
	s.describeSocket()
	s.handle("POST /v1/recomms/batch", s.batch)
	s.describeBatch()
}

func (s *Server) registerPages() {
	s.handle("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "alive\n") })
	s.handle("GET /readyz", s.readyz)
	s.handle("GET /metrics", s.metrics.handler().ServeHTTP)
	s.handle("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(s.document)
	})
	s.handle("GET /docs", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		w.Write(s.page)
	})
	// A page for people and no part of the API's document: not in patterns.
	s.mux.Handle("GET /console/", console.Handler())
	if s.opt.Demo != nil {
		s.handle("GET /demo", s.demo)
		s.handle("GET /demo/", s.demo)
	}
}

// demo answers with a demo page, or as if no route had taken the request.
func (s *Server) demo(w http.ResponseWriter, r *http.Request) {
	if !s.opt.Demo.Serve(w, r) {
		s.fallback(w, r)
	}
}

// handle registers one route with its metrics bound.
func (s *Server) handle(pattern string, h http.HandlerFunc) {
	bound := s.metrics.other
	if pattern != "/" {
		bound = s.metrics.route(pattern)
	}
	s.patterns = append(s.patterns, pattern)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.(*call).route = bound
		h(w, r)
	})
}

// fallback takes what no route takes: a 405 where another method would do, a
// 404 where none would.
func (s *Server) fallback(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := s.mux.Handler(&other); strings.Contains(pattern, " ") {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 || slices.Contains(allowed, r.Method) {
		writeProblem(w, problem(http.StatusNotFound, unknownPath, fmt.Sprintf("there is nothing at %q; /docs lists what there is", clip(r.URL.Path))))
		return
	}
	p := problem(http.StatusMethodNotAllowed, wrongMethod, fmt.Sprintf("%s is not possible here; possible are %s", clip(r.Method), strings.Join(allowed, ", ")))
	p.allow = strings.Join(allowed, ", ")
	writeProblem(w, p)
}

// readyz says whether requests should be sent here.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	switch phase(s.phase.Load()) {
	case ready:
		writeText(w, http.StatusOK, "ready\n")
	case draining:
		writeProblem(w, unavailable(notReady, "stopping: send requests elsewhere"))
	default:
		writeProblem(w, s.unready())
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text))
}
