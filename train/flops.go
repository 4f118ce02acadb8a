package train

import "adapt/model"

// FLOPs are the float operations that training a model on sequences takes once;
// see [CountFLOPs].
func FLOPs(c model.Config, lora *model.LoRA, seqs []Sequence) (float64, error) {
	adapter := 0
	if lora != nil {
		a, err := model.NewAdapter(c, *lora, 0)
		if err != nil {
			return 0, err
		}
		for _, p := range a.Pairs {
			adapter += len(p.A.Data) + len(p.B.Data)
		}
	}
	layers, head := CountFLOPs(c, adapter, seqs)
	return layers + head, nil
}

// CountFLOPs counts the float operations of training a model on sequences once,
// in its layers and in its head, by the usual count of what the algorithm needs,
// whatever a machine does beside it (Kaplan et al. 2020, arXiv:2001.08361;
// Chowdhery et al. 2022, arXiv:2204.02311, appendix B, but with attention counted
// as causal): 2 for each multiplication of a weight going forward, 4 going back,
// of which the frozen weights below an adapter's save the 2 of their own
// gradient. adapter is the number of an adapter's weights; 0: the model's own are
// trained. Attention takes 2·2·width of its heads for each layer and each pair of
// tokens that see each other, three times as much in all, and the head counts
// only for rows with a loss. Norms, activations, positions, the optimizer and
// what checkpointing computes again are left out.
func CountFLOPs(c model.Config, adapter int, seqs []Sequence) (layers, head float64) {
	linear := 0.0 // weights
	for _, l := range c.Parts().Layers {
		for _, w := range l.Linears() {
			linear += float64(w.In) * float64(w.Out())
		}
	}
	perWeight := 6.0
	if adapter > 0 {
		perWeight = 4
	}
	var rows, trained, pairs float64
	for i := range seqs {
		s := &seqs[i]
		n := float64(s.rows())
		rows, pairs = rows+n, pairs+n*(n+1)/2
		for j := 1; j < len(s.IDs); j++ {
			if s.weight(j) != 0 {
				trained++
			}
		}
	}
	attention := 3 * 4 * float64(c.Layers) * float64(c.Heads*c.Dim()) * pairs
	layers = (perWeight*linear+6*float64(adapter))*rows + attention
	return layers, perWeight * float64(c.VocabSize) * float64(c.Hidden) * trained
}
