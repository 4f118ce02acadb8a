package app

import "go.temporal.io/sdk/converter"

// dataConverter reads the memos of schedules, as the client writes them.
var dataConverter = converter.GetDefaultDataConverter()
