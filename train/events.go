package train

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// This file writes TensorBoard's files of events. A file is a row of TFRecords:
//
//	8 bytes  length of the data, little-endian
//	4 bytes  masked CRC32C of the length
//	data     a tensorflow.Event
//	4 bytes  masked CRC32C of the data
//
// See tensorflow/core/lib/io/record_writer.h and the protobuf definitions
// tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.

// Fields of the protobuf messages.
const (
	eventWallTime    = 1 // double, seconds since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // Summary
	summaryValue     = 1 // repeated Value
	valueTag         = 1 // string
	valueSimple      = 2 // float
)

// A scalar is a named number of an event.
type scalar struct {
	tag   string
	value float32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is TensorFlow's form of a checksum, which may itself be part of
// checked data.
func maskedCRC(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// frame makes a TFRecord of data.
func frame(data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

// versionEvent is the record that every file begins with.
func versionEvent(now time.Time) []byte {
	b := appendTime(nil, now)
	b = protowire.AppendTag(b, eventFileVersion, protowire.BytesType)
	return frame(protowire.AppendString(b, "brain.Event:2"))
}

// scalarEvent is the record of the values of a step.
func scalarEvent(now time.Time, step int64, values []scalar) []byte {
	b := appendTime(nil, now)
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(step))
	var summary []byte
	for _, v := range values {
		var value []byte
		value = protowire.AppendTag(value, valueTag, protowire.BytesType)
		value = protowire.AppendString(value, v.tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(v.value))
		summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	b = protowire.AppendTag(b, eventSummary, protowire.BytesType)
	return frame(protowire.AppendBytes(b, summary))
}

func appendTime(b []byte, t time.Time) []byte {
	b = protowire.AppendTag(b, eventWallTime, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(float64(t.UnixMicro())/1e6))
}

// maxRecord bounds the data of a record that is read back.
const maxRecord = 1 << 16

// endOfEvents returns where the records of steps up to keep end. A record that
// is not whole ends them too.
func endOfEvents(r io.Reader, keep int) (int64, error) {
	at := int64(0)
	for {
		data, err := readRecord(r)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errRecord) {
			return at, nil
		} else if err != nil {
			return 0, err
		}
		if step, ok := stepOf(data); !ok || step > int64(keep) {
			return at, nil
		}
		at += int64(16 + len(data))
	}
}

var errRecord = errors.New("record is damaged")

// readRecord reads the data of one record.
func readRecord(r io.Reader) ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head[:8])
	if binary.LittleEndian.Uint32(head[8:]) != maskedCRC(head[:8]) || n > maxRecord {
		return nil, errRecord
	}
	data := make([]byte, n+4)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(data[n:]) != maskedCRC(data[:n]) {
		return nil, errRecord
	}
	return data[:n], nil
}

// stepOf returns the step of an event, 0 when it has none.
func stepOf(event []byte) (step int64, ok bool) {
	for len(event) > 0 {
		number, kind, n := protowire.ConsumeTag(event)
		if n < 0 {
			return 0, false
		}
		event = event[n:]
		if n = protowire.ConsumeFieldValue(number, kind, event); n < 0 {
			return 0, false
		}
		if number == eventStep && kind == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(event)
			step = int64(v)
		}
		event = event[n:]
	}
	return step, true
}
