package workflows

import (
	"go.temporal.io/sdk/workflow"

	"adapt/activities/api"
)

// Train fine-tunes a model on the queue of training machines. The activity
// goes on from its last checkpoint after its worker died.
func Train(ctx workflow.Context, in api.TrainInput) (api.Trained, error) {
	return do[api.Trained](workflow.WithTaskQueue(long(ctx), api.TrainQueue), api.Train, in)
}
