package workflows

import (
	"errors"
	"testing"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// continued returns the input with which an Ingest continues as new.
func continued(t *testing.T, err error) (IngestInput, bool) {
	t.Helper()
	var c *workflow.ContinueAsNewError
	if !errors.As(err, &c) {
		return IngestInput{}, false
	}
	var in IngestInput
	if err := converter.GetDefaultDataConverter().FromPayloads(c.Input, &in); err != nil {
		t.Fatal(err)
	}
	return in, true
}
