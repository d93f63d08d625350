package server

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// describeSocket documents the websocket.
func (s *Server) describeSocket() {
	responses := s.problemDoc(http.StatusBadRequest, http.StatusForbidden, http.StatusServiceUnavailable)
	responses["101"] = &huma.Response{Description: "The connection is a websocket from here on"}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "open-websocket", Method: http.MethodGet, Path: "/v1/ws", Tags: []string{"Live"},
		Summary: "Watch lists live", Description: strings.Join(socketDoc[:], "\n\n"), Responses: responses,
	})
}

// socketDoc says how the websocket is spoken, a paragraph each.
var socketDoc = [...]string{
	"A websocket with the subprotocol `nabo.v1`. Frames are text, one JSON object `{\"type\",\"id\",\"data\"}` each, 64 KiB at most, 50 a second (200 at once). " +
		"`id` is the client's own, 1 to 64 bytes; what answers a frame has it as `ref`. A frame that is not valid is answered by `error` with a problem, and the connection stays.",
	"Client frames. `hello {token?, resume?: {session, seq}}` comes first, within 10 seconds. `subscribe {topic, …}`: `offers {member, scenario?, store?, count?}`, " +
		"`basket {session, member?, store?, count?}`, `nudges {session, member, store?}`, `trending {store?, window?, count?}`, `events {types?}`. `unsubscribe {ref}`. " +
		"`event`: one event or an array of at most 100, as `POST /v1/events` takes. `request {op, params}`: a question as in `POST /v1/recomms/batch`. `ping`.",
	"Server frames. `welcome {session, resumed, window, heartbeat, version}`. `snapshot`: the list as it is answered over HTTP; it answers a `subscribe`. " +
		"`delta {recommId, asOf, added, removed, moved, changed, cause}`: drop what is removed, put what is added and changed in as it is, set rank and score of what moved, and sort by rank. " +
		"`nudge {offer, product, reason, expires?, activated, values}`: the basket touches an offer that the member may have or has activated; once for each offer and product. " +
		"`event {seq, event: {type, time, store?, lines?, products}}` or `{dead: {reason, type}}`, with `skipped` where some before it are not shown. `response`. " +
		"`ack {accepted, duplicates, rejected, seq, applied}`, once the events are durable. `error`: a problem. `resync {reason: slow|restart|window}`: frames were left out, and a snapshot follows. `pong`.",
	"A scan in an `event` frame is answered at once: its nudges and the basket's delta are sent before it is in the log, the `ack` after.",
	"Resume. Snapshots, deltas, nudges, events and resyncs are numbered by `seq`. A session whose connection breaks is kept for two minutes with its subscriptions and its newest frames: " +
		"a `hello` with `resume` goes on behind `seq`. Where too much is missing each subscription gets a `resync` and a snapshot; one of nudges does where any was missed, and those that still hold are told again. After a restart of the server `resumed` is false: subscribe again.",
	"Close codes. 4000 the server stops: come back; 4001 not authorised; 4002 no hello in time; 4003 too slow, a `resync` was sent before; 4004 too many connections from this address; " +
		"4005 too many frames for too long; 1011 something went wrong inside; 4006 the session goes on over another connection; 1002 a frame that is no text; 1009 a frame that is too large.",
}
