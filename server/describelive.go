package server

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// describeSocket documents the websocket.
func (s *Server) describeSocket() {
	responses := s.problemDoc(http.StatusBadRequest, http.StatusForbidden, http.StatusServiceUnavailable)
	responses["101"] = &huma.Response{Description: "The connection is a websocket from here on"}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "open-websocket", Method: http.MethodGet, Path: "/v1/ws", Tags: []string{"Live"},
		Summary: "Watch lists live", Description: socketDoc, Responses: responses,
	})
}

const socketDoc = "A websocket with the subprotocol `nabo.v1`: text frames of JSON, one object `{type, id, data}` a frame, 64 KiB at most. `id` is the client's own, " +
	"1 to 64 bytes; every frame that answers has it as `ref`. `hello` comes first, within 10 seconds."
