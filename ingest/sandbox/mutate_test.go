package sandbox

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// damage makes the i-th damaged file: of every format in turn, in every way in
// turn, sometimes in two.
func damage(rng *rand.Rand, whole [][]specimen, i int) specimen {
	format := whole[i%len(whole)]
	f := format[rng.IntN(len(format))]
	f.data = slices.Clone(f.data)
	others := whole[rng.IntN(len(whole))]
	other := others[rng.IntN(len(others))].data
	way := ways[i/len(whole)%len(ways)]
	f.data, f.how = way.do(rng, f.data, other), way.name
	switch rng.IntN(8) {
	case 0:
		more := ways[rng.IntN(len(ways))]
		f.data, f.how = more.do(rng, f.data, other), f.how+", "+more.name
	case 1:
		f.name = strings.TrimSuffix(f.name, filepath.Ext(f.name)) + filepath.Ext(others[0].name)
		f.how += ", named as another format"
	}
	return f
}

// maxDamaged bounds a damaged file, in bytes.
const maxDamaged = 4 << 20

// ways are how a file is damaged; other is a whole file, perhaps of another
// format.
var ways = []struct {
	name string
	do   func(rng *rand.Rand, data, other []byte) []byte
}{
	{"flipped bits", func(rng *rand.Rand, data, _ []byte) []byte { return flip(rng, data) }},
	{"cut off", func(rng *rand.Rand, data, _ []byte) []byte { return data[:rng.IntN(len(data)+1)] }},
	{"a piece missing", func(rng *rand.Rand, data, _ []byte) []byte {
		a, b := piece(rng, data)
		return slices.Delete(data, a, b)
	}},
	{"another file inside", func(rng *rand.Rand, data, other []byte) []byte {
		a, b := piece(rng, other)
		return slices.Insert(data, rng.IntN(len(data)+1), other[a:b]...)
	}},
	{"two files in one", func(rng *rand.Rand, data, other []byte) []byte {
		return append(data[:rng.IntN(len(data)+1)], other[rng.IntN(len(other)+1):]...)
	}},
	{"pieces swapped", func(rng *rand.Rand, data, _ []byte) []byte {
		a, b := piece(rng, data)
		moved := slices.Clone(data[a:b])
		data = slices.Delete(data, a, b)
		return slices.Insert(data, rng.IntN(len(data)+1), moved...)
	}},
	{"a piece many times", func(rng *rand.Rand, data, _ []byte) []byte {
		a, b := piece(rng, data)
		if a == b {
			return data
		}
		times := 1 + rng.IntN(max(1, min(20_000, maxDamaged/(b-a))))
		return slices.Insert(data, b, bytes.Repeat(data[a:b], times)...)
	}},
	{"zeros", func(rng *rand.Rand, data, _ []byte) []byte {
		a, b := piece(rng, data)
		clear(data[a:b])
		return data
	}},
	{"noise", func(rng *rand.Rand, data, _ []byte) []byte {
		a, b := piece(rng, data)
		for i := a; i < b; i++ {
			data[i] = byte(rng.Uint32())
		}
		return data
	}},
	{"huge numbers", func(rng *rand.Rand, data, _ []byte) []byte { return hugeNumbers(rng, data) }},
	{"deep nesting", func(rng *rand.Rand, data, _ []byte) []byte { return nest(rng, data) }},
	{"damage below compression", inside},
	{"a bomb", bomb},
}

func flip(rng *rand.Rand, data []byte) []byte {
	for range 1 + rng.IntN(64) {
		if len(data) > 0 {
			data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		}
	}
	return data
}

// piece returns a range of data, short ones more often than long ones.
func piece(rng *rand.Rand, data []byte) (from, to int) {
	n := len(data) >> rng.IntN(8)
	if n == 0 {
		return 0, 0
	}
	n = rng.IntN(n + 1)
	from = rng.IntN(len(data) - n + 1)
	return from, from + n
}

var number = regexp.MustCompile(`\d+`)

func hugeNumbers(rng *rand.Rand, data []byte) []byte {
	huge := []string{"-1", "0", "2147483648", "4294967295", "9223372036854775808", "99999999999999999999999", "1e308", "999999999"}
	share := 1 + rng.IntN(50)
	return number.ReplaceAllFunc(data, func(n []byte) []byte {
		if rng.IntN(share) > 0 {
			return n
		}
		return []byte(huge[rng.IntN(len(huge))])
	})
}

func nest(rng *rand.Rand, data []byte) []byte {
	opening := []string{"[", "<<", "(", `{"a":`, "{", "<div>", "<table><tr><td>", "<w:tbl><w:tr><w:tc>", "{\\b ", "BT q ", "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"}
	o := opening[rng.IntN(len(opening))]
	return slices.Insert(data, rng.IntN(len(data)+1), bytes.Repeat([]byte(o), 1+rng.IntN(1<<20/len(o)))...)
}

var pdfStream = regexp.MustCompile(`(?s)/FlateDecode.{0,200}?stream\r?\n`)

// inside damages what a ZIP or PDF file holds compressed, so that the damage
// comes past the checksums; another file is cut off.
func inside(rng *rand.Rand, data, other []byte) []byte {
	change := func(b []byte) []byte {
		switch rng.IntN(4) {
		case 0:
			return hugeNumbers(rng, b)
		case 1:
			return nest(rng, b)
		case 2:
			a, z := piece(rng, b)
			return slices.Delete(b, a, z)
		}
		return flip(rng, b)
	}
	if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
		return rezip(z, func(_ string, b []byte) []byte { return change(b) })
	}
	places := pdfStream.FindAllIndex(data, -1)
	if len(places) == 0 {
		return data[:rng.IntN(len(data)+1)]
	}
	at := places[rng.IntN(len(places))][1]
	from := bytes.NewReader(data[at:])
	r, err := zlib.NewReader(from)
	if err != nil {
		return flip(rng, data)
	}
	plain, _ := io.ReadAll(io.LimitReader(r, 1<<20))
	took := len(data[at:]) - from.Len()
	return slices.Concat(data[:at], deflate(change(plain)), data[at+took:])
}

func deflate(b []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(b)
	w.Close()
	return z.Bytes()
}

// rezip writes an archive anew with changed files.
func rezip(z *zip.Reader, change func(name string, b []byte) []byte) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			continue
		}
		b, _ := io.ReadAll(io.LimitReader(r, 1<<20))
		if to, err := w.Create(f.Name); err == nil {
			to.Write(change(f.Name, b))
		}
	}
	w.Close()
	return out.Bytes()
}

// bomb makes a small file that unpacks to gigabytes, where the format packs.
func bomb(rng *rand.Rand, data, other []byte) []byte {
	const size = 3 << 30
	if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil && len(z.File) > 0 {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		largest := slices.MaxFunc(z.File, func(a, b *zip.File) int { return int(a.UncompressedSize64) - int(b.UncompressedSize64) })
		for _, f := range z.File {
			h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate}
			if f != largest {
				w.Copy(f)
				continue
			}
			h.CompressedSize64, h.UncompressedSize64 = uint64(len(spaces())), size
			if rng.IntN(2) == 0 {
				h.UncompressedSize64 = 1000 // and it lies about it
			}
			if to, err := w.CreateRaw(h); err == nil {
				to.Write(spaces())
			}
		}
		w.Close()
		return out.Bytes()
	}
	if at := bytes.Index(data, []byte("endobj")); at > 0 && bytes.HasPrefix(data, []byte("%PDF")) {
		stream := fmt.Sprintf("\n99 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n\x78\x9c%s\nendstream\nendobj\n", len(spaces())+2, spaces())
		data = bytes.ReplaceAll(data, []byte("/Contents "), []byte("/Contents 99 0 R %"))
		return slices.Insert(data, at+len("endobj"), []byte(stream)...)
	}
	return slices.Concat(data, bytes.Repeat([]byte(" "), maxDamaged))
}

// spaces is 3 GiB of spaces, compressed.
var spaces = sync.OnceValue(func() []byte {
	var z bytes.Buffer
	w, err := flate.NewWriter(&z, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 16 {
		w.Write(block)
	}
	w.Flush()
	// What follows is the same again: a flushed block stands for itself.
	unit := z.Bytes()
	out := bytes.Repeat(unit, 192)
	w.Close()
	return append(out, 3, 0) // an empty last block
})
