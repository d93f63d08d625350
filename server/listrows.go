package server

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/server/lists"
)

// cursorHeader says at which place of the list an answer begins. A reader that
// is cut off goes on at that offset and the bytes of the whole lines that it
// has.
const cursorHeader = "Nabo-Cursor"

const ndjsonType = "application/x-ndjson"

// listRows sends a list's rows as they are made. What ends before the list
// does is cut off, so that nobody takes the part for the whole.
func (s *Server) listRows(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	if bad := s.sendRows(c, r); bad != nil {
		if c.status != 0 {
			panic(http.ErrAbortHandler) // the only way to tell, once rows are on their way
		}
		writeProblem(c, bad)
	}
}

func (s *Server) sendRows(c *call, r *http.Request) *Problem {
	if bad := s.unready(); bad != nil {
		return bad
	}
	c.params.reset(pCursor)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return bad
	}
	if s.opt.Lists == nil {
		return noList()
	}
	if phase(s.phase.Load()) == draining {
		return listProblem(lists.ErrStopped)
	}
	id, cursor := r.PathValue("id"), c.params.cursor
	st, err := s.opt.Lists.Status(id)
	if err != nil {
		return listProblem(err)
	}
	at := lists.Cursor{Epoch: st.Epoch}
	if cursor != "" {
		if at, err = lists.ParseCursor(cursor); err != nil {
			return listProblem(err)
		}
	}
	ctx, stop := s.untilDraining(r.Context())
	defer stop()
	out := &rowsWriter{c: c, control: http.NewResponseController(c), patience: s.opt.WriteTimeout, begin: func() { rowsHeader(c, &st, at) }}
	if _, err = s.opt.Lists.Rows(ctx, id, cursor, out, out.flush); err != nil {
		if ctx.Err() != nil && r.Context().Err() == nil {
			err = lists.ErrStopped
		}
		return listProblem(err)
	}
	out.once() // there may have been no row
	return nil
}

// rowsHeader writes the header of rows that begin at a place.
func rowsHeader(c *call, st *lists.Status, at lists.Cursor) {
	h := c.Header()
	kind := ndjsonType
	if st.Spec.Format == lists.CSV {
		kind = "text/csv; charset=utf-8"
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set(cursorHeader, at.String())
	if st.State == lists.Done && at.Epoch == st.Epoch {
		h.Set("Content-Length", strconv.FormatInt(st.Bytes-at.Offset, 10))
	}
	c.WriteHeader(http.StatusOK)
}

// rowsWriter writes rows with a deadline for each piece in place of one for
// the whole, and the header before the first.
type rowsWriter struct {
	c        *call
	control  *http.ResponseController
	patience time.Duration
	begin    func()
	begun    bool
}

func (w *rowsWriter) once() {
	if !w.begun {
		w.begun = true
		w.begin()
	}
}

// more gives the next piece its time, of the machine's clock. Where the
// deadline cannot be moved the one for the whole answer holds.
func (w *rowsWriter) more() {
	w.once()
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience))
}

// Write writes a piece.
func (w *rowsWriter) Write(b []byte) (int, error) {
	w.more()
	return w.c.Write(b)
}

// ReadFrom writes a piece of a file; the system may do all of it.
func (w *rowsWriter) ReadFrom(r io.Reader) (int64, error) {
	w.more()
	return io.Copy(w.c.ResponseWriter, r)
}

func (w *rowsWriter) flush() { _ = w.control.Flush() } // what could not be sent now fails with the next row

// untilDraining gives a context that ends when the server begins to stop:
// whoever reads rows as they are made would hold it up.
func (s *Server) untilDraining(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-done
	}
}

func (s *Server) describeListRows() {
	responses := s.problemDoc(400, 404, 409, 503)
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	responses["200"] = &huma.Response{
		Description: "The rows, as they are made",
		Content: map[string]*huma.MediaType{
			ndjsonType: {Schema: &huma.Schema{Type: huma.TypeString, Description: "One ListRow a line"}}, csvType: text,
		},
		Headers: map[string]*huma.Param{cursorHeader: {
			Description: "Where in the list the answer begins: an epoch, a dot, and an offset in bytes", Schema: &huma.Schema{Type: huma.TypeString},
		}},
	}
	s.schema(reflect.TypeFor[ListRow]())
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: "/v1/lists/{id}/rows", OperationID: "get-list-rows", Tags: []string{"Lists"},
		Summary: "A list's rows",
		Description: "They are sent as they are made, and the answer ends when the list is done. One that is cut off, also by a stop of the engine, can be gone on with: " +
			"the cursor is the epoch and the offset of the header " + cursorHeader + ", the offset and the bytes of the whole lines received added up. " +
			"A 409 of the type `list-begun-anew` says that the list was begun anew after a restart: drop what was read and read it from the beginning. " +
			"CSV has the columns " + ListHeader + ".",
		Parameters: append([]*huma.Param{{Name: "id", In: "path", Required: true, Description: "The list", Schema: pAfter.info().schema()}}, s.queryDoc(pCursor)...),
		Responses:  responses,
	})
}
