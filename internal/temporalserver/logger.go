package temporalserver

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger hands the server's messages to slog without the stack traces that
// the server's own logger adds to every error.
type logger struct{ log *slog.Logger }

var (
	_ log.Logger      = logger{}
	_ log.WithLogger  = logger{}
	_ log.SLogWrapper = logger{}
)

func (l logger) Debug(msg string, tags ...tag.Tag) { l.write(slog.LevelDebug, msg, tags) }
func (l logger) Info(msg string, tags ...tag.Tag)  { l.write(slog.LevelInfo, msg, tags) }
func (l logger) Warn(msg string, tags ...tag.Tag)  { l.write(slog.LevelWarn, msg, tags) }
func (l logger) Error(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }

// DPanic is for mistakes that only a developer's build stops at.
func (l logger) DPanic(msg string, tags ...tag.Tag) { l.Error(msg, tags...) }

func (l logger) Panic(msg string, tags ...tag.Tag) {
	l.Error(msg, tags...)
	panic(fmt.Sprintf("temporal server: %s %v", msg, attrs(tags)))
}

func (l logger) Fatal(msg string, tags ...tag.Tag) {
	l.Error(msg, tags...)
	fmt.Fprintf(os.Stderr, "temporal server: %s %v\n", msg, attrs(tags))
	os.Exit(1)
}

func (l logger) With(tags ...tag.Tag) log.Logger { return logger{l.log.With(attrs(tags)...)} }

// SLog gives the server the logger underneath.
func (l logger) SLog() *slog.Logger { return l.log }

func (l logger) write(level slog.Level, msg string, tags []tag.Tag) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, msg, attrs(tags)...)
	}
}

func attrs(tags []tag.Tag) []any {
	as := make([]any, len(tags))
	for i, t := range tags {
		as[i] = slog.Any(t.Key(), t.Value())
	}
	return as
}
