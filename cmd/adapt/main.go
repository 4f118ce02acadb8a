// Command adapt adapts a language model to a professional domain: it turns a
// folder of documents into labeled examples, fine-tunes a model, measures it
// beside the one that is live, and puts it live when it is better and a person
// agrees.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
