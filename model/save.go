package model

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"adapt/internal/atomicfile"
)

// maxShard is the number of bytes from which weights go to several files.
const maxShard int64 = 4e9

// Save writes a Hugging Face folder in float32, which loads back to the same
// bits: config.json, the files that were loaded beside it, and
// model.safetensors, or shards with their index where that would grow above
// 4 GB.
func (m *Model) Save(dir string) error { return m.save(dir, "F32", maxShard) }

// SaveBF16 writes the weights in bfloat16, half as large and rounded to 8 bits
// of precision.
func (m *Model) SaveBF16(dir string) error { return m.save(dir, "BF16", maxShard) }

func (m *Model) save(dir, dtype string, shard int64) error {
	if err := m.saveFiles(dir, dtype, shard); err != nil {
		return fmt.Errorf("model: saving: %w", err)
	}
	return nil
}

func (m *Model) saveFiles(dir, dtype string, shard int64) error {
	for _, t := range m.Tensors {
		if t.Stored != nil {
			return fmt.Errorf("tensor %q is stored as %s; load the model with its whole weights to save it, or save the adapter", t.Name, t.Stored.Kind)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	c := m.Config
	c.TorchDtype = map[string]string{"F32": "float32", "BF16": "bfloat16"}[dtype]
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := m.saveWeights(dir, dtype, shard); err != nil {
		return err
	}
	for _, name := range keptFiles {
		if kept, ok := m.Kept[name]; ok {
			if err := writeBytes(filepath.Join(dir, name), kept); err != nil {
				return err
			}
		}
	}
	return writeBytes(filepath.Join(dir, configFile), append(b, '\n'))
}

func (m *Model) saveWeights(dir, dtype string, limit int64) error {
	size, err := dtypeSize(dtype)
	if err != nil {
		return err
	}
	tensors := m.storedTensors()
	shards := shard(tensors, limit/size)
	if len(shards) == 1 {
		if err := writeTensors(filepath.Join(dir, weightsFile), tensors, dtype); err != nil {
			return err
		}
		return removeOld(dir, indexFile)
	}
	var index struct {
		Metadata struct {
			TotalSize int64 `json:"total_size"`
		} `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}
	index.WeightMap = map[string]string{}
	for i, tensors := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		if err := writeTensors(filepath.Join(dir, name), tensors, dtype); err != nil {
			return err
		}
		for _, t := range tensors {
			index.WeightMap[t.Name] = name
			index.Metadata.TotalSize += int64(t.size()) * size
		}
	}
	b, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	if err := writeBytes(filepath.Join(dir, indexFile), append(b, '\n')); err != nil {
		return err
	}
	return removeOld(dir, weightsFile)
}

// removeOld removes a file of an earlier save, which would be read in place of
// this one's.
func removeOld(dir, name string) error {
	if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// shard cuts a list of tensors into lists of at most limit elements each, or
// of one tensor.
func shard(tensors []storedTensor, limit int64) [][]storedTensor {
	var shards [][]storedTensor
	var used int64
	for _, t := range tensors {
		n := int64(t.size())
		if len(shards) == 0 || used+n > limit {
			shards, used = append(shards, nil), 0
		}
		last := len(shards) - 1
		shards[last], used = append(shards[last], t), used+n
	}
	return shards
}

func writeBytes(path string, b []byte) error {
	return atomicfile.Write(path, func(w *bufio.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// storedTensors returns the weights as files hold them.
func (m *Model) storedTensors() []storedTensor {
	var all []storedTensor
	for i := range m.Tensors {
		all = append(all, m.store(m.Tensors[i]))
	}
	return all
}

// store returns a weight, or another tensor in its place, as files hold it.
func (m *Model) store(t Tensor) storedTensor {
	s := storedTensor{m.stored(&t), func() []float32 { return t.Data }}
	if m.transposed(t.Name) {
		s.data = func() []float32 {
			data := make([]float32, len(t.Data))
			transpose(data, t.Data, t.Shape[0], t.Shape[1])
			return data
		}
	}
	return s
}
