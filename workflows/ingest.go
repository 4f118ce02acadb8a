package workflows

import (
	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
)

// IngestInput starts an Ingest; Scanned and Next are set when it continues as
// new.
type IngestInput struct {
	api.Job
	Parallel int            `json:"parallel"` // batches at a time
	Scanned  api.ScanResult `json:"scanned,omitzero"`
	Next     int            `json:"next,omitempty"` // the first batch that has not been read
}

// batchesPerRun bounds the history of one Ingest to a few hundred events.
const batchesPerRun = 50

// Ingest reads the documents of a folder: it lists the files, reads them in
// batches, a few at a time, and joins what they gave.
func Ingest(ctx workflow.Context, in IngestInput) (api.Ingested, error) {
	if in.Scanned.Manifest.IsZero() {
		scanned, err := do[api.ScanResult](long(ctx), api.Scan, in.Job)
		if err != nil {
			return api.Ingested{}, err
		}
		in.Scanned = scanned
	}
	end := min(in.Next+batchesPerRun, in.Scanned.Batches)
	if err := readBatches(ctx, in, end); err != nil {
		return api.Ingested{}, err
	}
	if end < in.Scanned.Batches {
		in.Next = end
		return api.Ingested{}, workflow.NewContinueAsNewError(ctx, Ingest, in)
	}
	return do[api.Ingested](long(ctx), api.Gather, api.GatherInput{Job: in.Job, Manifest: in.Scanned.Manifest})
}

// readBatches reads the batches from in.Next up to end, in.Parallel at a time.
func readBatches(ctx workflow.Context, in IngestInput, end int) error {
	slots := workflow.NewSemaphore(ctx, int64(max(1, in.Parallel)))
	var failed error
	wait := workflow.NewWaitGroup(ctx)
	for batch := in.Next; batch < end && failed == nil; batch++ {
		if err := slots.Acquire(ctx, 1); err != nil {
			return err
		}
		if failed != nil {
			slots.Release(1)
			break
		}
		wait.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer wait.Done()
			defer slots.Release(1)
			_, err := do[api.ReadResult](long(ctx), api.Read, api.ReadInput{Job: in.Job, Manifest: in.Scanned.Manifest, Batch: batch})
			if err != nil && failed == nil {
				failed = err
			}
		})
	}
	wait.Wait(ctx)
	return failed
}
