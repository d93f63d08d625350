package app

import (
	"context"
	"time"

	"nabo/server"
)

// deadLettersTime bounds a look at the dead letters.
const deadLettersTime = 5 * time.Second

// deadLetters gives what came over NATS and could not be taken in.
func (p *process) deadLetters(ctx context.Context, count int) ([]server.DeadLetter, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, deadLettersTime)
	defer cancel()
	newest, kept, err := p.stream.DeadLetters(ctx, count)
	if err != nil {
		return nil, 0, err
	}
	out := make([]server.DeadLetter, len(newest))
	for i, d := range newest {
		out[i] = server.DeadLetter{Time: d.Time.UTC(), From: "nats", Type: d.Type, Subject: d.Subject, Reason: d.Reason}
	}
	return out, kept, nil
}
