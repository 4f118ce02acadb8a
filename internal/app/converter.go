package app

import (
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// dataConverter reads the memos of schedules, as the client writes them.
var dataConverter = converter.GetDefaultDataConverter()

// Decode reads an argument of a schedule's action, as the server returns it,
// into v.
func Decode(payload, v any) error {
	p, ok := payload.(*commonpb.Payload)
	if !ok {
		return fmt.Errorf("a schedule's argument is a %T, want a payload", payload)
	}
	return dataConverter.FromPayload(p, v)
}
