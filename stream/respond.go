package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// stopTime is how long Close lets services finish what was asked.
const stopTime = 5 * time.Second

// Handler answers one request. ctx ends when the Stream closes. An error that
// is a *ServiceError goes out as it is, any other as code 500.
type Handler func(ctx context.Context, request []byte) (answer []byte, err error)

// ServiceError is what a requester gets in place of an answer: Code and
// Detail in the headers that NATS services use, Body as the payload.
type ServiceError struct {
	Code   string // three digits, as HTTP's
	Detail string // one sentence
	Body   []byte // may be nil
}

func (e *ServiceError) Error() string { return e.Code + " " + e.Detail }

// Respond answers requests to <prefix>.<subject> with handler, as a service
// that NATS tools can list; name is the endpoint's name there: letters,
// digits, '-' and '_'. Up to Options.Concurrent requests are answered at
// once, over all services; one more is refused with the code 503. Several
// processes with the same prefix share the requests. Close ends it.
func (s *Stream) Respond(name, subject string, handler Handler) error {
	s.svcMu.Lock()
	defer s.svcMu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.svc == nil {
		svc, err := micro.AddService(s.nc, micro.Config{
			Name:        s.names.service,
			Version:     s.opts.Version,
			Description: "nabo: recommendations",
		})
		if err != nil {
			return fmt.Errorf("offer services on NATS: %w", err)
		}
		s.svc = svc
	}
	err := s.svc.AddEndpoint(name,
		micro.HandlerFunc(func(req micro.Request) { s.answer(req, handler) }),
		micro.WithEndpointSubject(s.opts.Prefix+"."+subject),
		micro.WithEndpointQueueGroup(s.names.service))
	if err != nil {
		return fmt.Errorf("offer the service %s at %s.%s: %w", name, s.opts.Prefix, subject, err)
	}
	if err := s.nc.FlushTimeout(flushTime); err != nil { // from here on it is there
		return fmt.Errorf("offer the service %s on NATS: %w", name, err)
	}
	return nil
}

// answer starts one answer, or refuses. The subscription's goroutine calls it.
func (s *Stream) answer(req micro.Request, handler Handler) {
	select {
	case s.busy <- struct{}{}:
	default:
		s.counts.refused.Add(1)
		s.reply(req, nil, &ServiceError{Code: "503", Detail: fmt.Sprintf("%d requests are being answered; try again", cap(s.busy))})
		return
	}
	go func() {
		defer func() { <-s.busy }()
		s.counts.requests.Add(1)
		body, err := handler(s.life, req.Data())
		s.reply(req, body, err)
	}()
}

// endAnswers waits for the answers under way, and after stopTime tells them to
// end. It takes every slot and keeps it, so what comes later is refused.
func (s *Stream) endAnswers() {
	late := time.AfterFunc(stopTime, s.stop)
	defer late.Stop()
	for range cap(s.busy) {
		s.busy <- struct{}{}
	}
}

// reply sends an answer. It does not go through req, which the service reads
// once its own goroutine has returned; so the service's statistics count the
// requests and not the errors.
func (s *Stream) reply(req micro.Request, body []byte, err error) {
	if req.Reply() == "" {
		return // nobody waits for it
	}
	msg := &nats.Msg{Subject: req.Reply(), Data: body}
	if err != nil {
		var se *ServiceError
		if !errors.As(err, &se) {
			se = &ServiceError{Code: "500", Detail: err.Error()}
		}
		msg.Data = se.Body
		msg.Header = nats.Header{
			micro.ErrorHeader:     {oneLine(se.Detail)},
			micro.ErrorCodeHeader: {se.Code},
		}
	}
	if err := s.nc.PublishMsg(msg); err != nil {
		s.log.Warn("a service's answer could not be sent", "subject", req.Subject(), "error", err)
	}
}
