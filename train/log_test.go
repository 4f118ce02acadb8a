package train

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestEventsByteForByte compares records with ones put together by hand from
// the definitions; the checksums are those of a plain CRC32C, bit by bit.
func TestEventsByteForByte(t *testing.T) {
	now := time.Unix(1700000000, 500000000)
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"version": {versionEvent(now), "1800000000000000" + "a37f4b22" +
			"09" + "00002040fc54d941" + // 1: 1700000000.5
			"1a0d" + hex.EncodeToString([]byte("brain.Event:2")) +
			"2b353110"},
		"scalar": {scalarEvent(now, 300, []scalar{{"train/loss", 0.5}}), "2100000000000000" + "017becf6" +
			"09" + "00002040fc54d941" +
			"10ac02" + // 2: 300
			"2a13" + "0a11" + // 5: a summary with 1: a value
			"0a0a" + hex.EncodeToString([]byte("train/loss")) + "15" + "0000003f" +
			"3d90db3a"},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
	// The check value of CRC32C, masked.
	if got, want := maskedCRC([]byte("123456789")), bits.RotateLeft32(0xe3069283, 17)+0xa282ead8; got != want {
		t.Errorf("masked checksum %08x, want %08x", got, want)
	}
}

// steps reads a file of events and returns their steps; 0 is that of the
// version too.
func steps(t *testing.T, path string) []int64 {
	t.Helper()
	var list []int64
	for _, data := range events(t, path) {
		step, ok := stepOf(data)
		if !ok {
			t.Fatalf("event %x", data)
		}
		list = append(list, step)
	}
	return list
}

// events reads the data of all records of a file, which must be whole.
func events(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for r := bytes.NewReader(b); r.Len() > 0; {
		data, err := readRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// values decodes the scalars of an event.
func values(t *testing.T, event []byte) map[string]float32 {
	t.Helper()
	all := map[string]float32{}
	for field, summary := range fields(t, event) {
		if field != eventSummary {
			continue
		}
		for value := summary; len(value) > 0; {
			_, _, n := protowire.ConsumeTag(value)
			one, m := protowire.ConsumeBytes(value[n:])
			if n < 0 || m < 0 {
				t.Fatalf("summary %x", summary)
			}
			f := fields(t, one)
			all[string(f[valueTag])] = math.Float32frombits(binary.LittleEndian.Uint32(f[valueSimple]))
			value = value[n+m:]
		}
	}
	return all
}

// fields returns the last value of each field of a message, without length.
func fields(t *testing.T, message []byte) map[protowire.Number][]byte {
	t.Helper()
	all := map[protowire.Number][]byte{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			t.Fatalf("message %x", message)
		}
		message = message[n:]
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			t.Fatalf("message %x", message)
		}
		all[number] = message[:n]
		if kind == protowire.BytesType {
			all[number], _ = protowire.ConsumeBytes(message)
		}
		message = message[n:]
	}
	return all
}

func TestLog(t *testing.T) {
	dir := t.TempDir()
	loss, kl, dev, metric := 2.5, 0.25, 3.5, 0.75
	entries := []entry{
		{Step: 0, DevLoss: &dev},
		{Step: 1, Tokens: 64, Loss: &loss, KL: &kl, LearningRate: 1e-3, GradNorm: 1.5, TokensPerSec: 1000},
		{Step: 2, Tokens: 128, Loss: &loss, DevLoss: &dev, Metric: &metric, LearningRate: 1e-3, GradNorm: 1.5, TokensPerSec: 1000},
	}
	write := func(keep int, entries []entry) {
		t.Helper()
		l, err := openLogger(dir, keep, time.Unix(1700000000, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer l.close()
		for _, e := range entries {
			if err := l.write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(-1, entries)
	all := events(t, filepath.Join(dir, eventsFile))
	if version := string(fields(t, all[0])[eventFileVersion]); version != "brain.Event:2" {
		t.Errorf("file version %q", version)
	}
	for i, want := range []map[string]float32{
		{"dev/loss": 3.5},
		{"train/loss": 2.5, "train/kl": 0.25, "train/learning_rate": 1e-3, "train/grad_norm": 1.5, "train/tokens_per_second": 1000},
		{"train/loss": 2.5, "train/learning_rate": 1e-3, "train/grad_norm": 1.5, "train/tokens_per_second": 1000, "dev/loss": 3.5, "dev/metric": 0.75},
	} {
		got := values(t, all[i+1])
		for tag, v := range want {
			if got[tag] != v {
				t.Errorf("step %d: %s is %g, want %g", i, tag, got[tag], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("step %d has %v, want %v", i, got, want)
		}
	}
	want := timeless(t, dir)

	// A log is the same whatever was written beyond the step that it goes on from.
	for name, damage := range map[string]func(lines, events []byte) ([]byte, []byte){
		"whole":        func(l, e []byte) ([]byte, []byte) { return l, e },
		"cut":          func(l, e []byte) ([]byte, []byte) { return l[:len(l)-5], e[:len(e)-5] },
		"garbage":      func(l, e []byte) ([]byte, []byte) { return append(l, "{\"st"...), append(e, 1, 2, 3) },
		"other record": func(l, e []byte) ([]byte, []byte) { return append(l, "null x\n"...), append(e, frame([]byte{0xff})...) },
		"flipped": func(l, e []byte) ([]byte, []byte) {
			e[len(e)-9] ^= 1
			return l, e
		},
		"huge": func(l, e []byte) ([]byte, []byte) {
			head := binary.LittleEndian.AppendUint64(nil, math.MaxUint64)
			return l, append(e, binary.LittleEndian.AppendUint32(head, maskedCRC(head))...)
		},
	} {
		write(-1, entries)
		lines, err := os.ReadFile(filepath.Join(dir, logFile))
		if err != nil {
			t.Fatal(err)
		}
		events, err := os.ReadFile(filepath.Join(dir, eventsFile))
		if err != nil {
			t.Fatal(err)
		}
		lines, events = damage(lines, events)
		for path, b := range map[string][]byte{logFile: lines, eventsFile: events} {
			if err := os.WriteFile(filepath.Join(dir, path), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(1, entries[2:])
		if got := timeless(t, dir); len(got) != len(want) || *got[2].Metric != metric {
			t.Errorf("%s: %+v", name, got)
		}
		if got := steps(t, filepath.Join(dir, eventsFile)); !slices.Equal(got, []int64{0, 0, 1, 2}) {
			t.Errorf("%s: events of steps %v", name, got)
		}
	}
}

// FuzzEvents reads anything as a file of events.
func FuzzEvents(f *testing.F) {
	f.Add(append(versionEvent(time.Unix(1, 0)), scalarEvent(time.Unix(1, 0), 3, []scalar{{"a", 1}})...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := endOfEvents(bytes.NewReader(b), 2)
		if err != nil || end > int64(len(b)) {
			t.Fatalf("%d of %d bytes, %v", end, len(b), err)
		}
		if again, err := endOfEvents(io.LimitReader(bytes.NewReader(b), end), 2); err != nil || again != end {
			t.Fatalf("the kept part of %d bytes gives %d, %v", end, again, err)
		}
		if end, err := endOfLines(bytes.NewReader(b), 2); err != nil || end > int64(len(b)) {
			t.Fatalf("lines: %d of %d bytes, %v", end, len(b), err)
		}
	})
}
