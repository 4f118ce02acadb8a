package train

import "adapt/model"

// FLOPs are the float operations that training a model on sequences takes once,
// by the usual count of what the algorithm needs, whatever a machine does beside
// it (Kaplan et al. 2020, arXiv:2001.08361; Chowdhery et al. 2022,
// arXiv:2204.02311, appendix B): 2 for each multiplication of a weight going
// forward, 4 going back, of which the frozen weights below LoRA's save the 2 of
// their own gradient. Attention takes 2·2·width of its heads for each layer and
// each pair of tokens that see each other, three times as much in all, and the
// head counts only for rows with a loss. Norms, activations, positions and the
// optimizer are left out.
func FLOPs(c model.Config, lora *model.LoRA, seqs []Sequence) (float64, error) {
	p := c.Parts()
	var linear, low float64 // weights
	for _, l := range p.Layers {
		for _, w := range l.Linears() {
			linear += float64(w.In) * float64(w.Out())
		}
	}
	perLinear := 6.0
	if lora != nil {
		a, err := model.NewAdapter(c, *lora, 0)
		if err != nil {
			return 0, err
		}
		for _, p := range a.Pairs {
			low += float64(len(p.A.Data) + len(p.B.Data))
		}
		perLinear = 4
	}
	head := float64(c.VocabSize) * float64(c.Hidden)
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
	return (perLinear*linear+6*low)*rows + perLinear*head*trained + attention, nil
}
