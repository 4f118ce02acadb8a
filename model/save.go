package model

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Save writes config.json and model.safetensors to dir in float32, which
// loads back to the same bits.
func (m *Model) Save(dir string) error { return m.save(dir, "F32") }

// SaveBF16 writes the weights in bfloat16, half as large and rounded to 8 bits
// of precision.
func (m *Model) SaveBF16(dir string) error { return m.save(dir, "BF16") }

func (m *Model) save(dir, dtype string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	c := m.Config
	c.TorchDtype = map[string]string{"F32": "float32", "BF16": "bfloat16"}[dtype]
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	if err := writeTensors(filepath.Join(dir, "model.safetensors"), m.storedTensors(), dtype); err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	err = writeFile(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	return nil
}

// storedTensors returns the weights as files hold them.
func (m *Model) storedTensors() []storedTensor {
	var all []storedTensor
	for i := range m.Tensors {
		t := &m.Tensors[i]
		s := storedTensor{m.stored(t), func() []float32 { return t.Data }}
		if m.transposed(t.Name) {
			s.data = func() []float32 {
				data := make([]float32, len(t.Data))
				transpose(data, t.Data, t.Shape[0], t.Shape[1])
				return data
			}
		}
		all = append(all, s)
	}
	return all
}
