package train

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Files of a log's folder. TensorBoard knows its own by "tfevents".
const (
	logFile    = "log.jsonl"
	eventsFile = "events.out.tfevents.adapt"
)

// An entry is a line of log.jsonl. Step 0 is the weights as they came.
type entry struct {
	Step         int       `json:"step"`
	Tokens       int64     `json:"tokens"` // seen so far
	Loss         *float64  `json:"loss,omitempty"`
	KL           *float64  `json:"kl,omitempty"`
	DevLoss      *float64  `json:"dev_loss,omitempty"` // where it was measured
	DevKL        *float64  `json:"dev_kl,omitempty"`   // likewise
	Metric       *float64  `json:"metric,omitempty"`   // likewise
	LearningRate float64   `json:"lr"`
	GradNorm     float64   `json:"grad_norm"`
	TokensPerSec float64   `json:"tokens_per_second"`
	Time         time.Time `json:"time"`
}

// scalars are an entry's values by the names that TensorBoard shows.
func (e *entry) scalars() []scalar {
	var list []scalar
	add := func(tag string, value *float64) {
		if value != nil {
			list = append(list, scalar{tag, float32(*value)})
		}
	}
	if e.Step > 0 {
		add("train/loss", e.Loss)
		add("train/kl", e.KL)
		add("train/learning_rate", &e.LearningRate)
		add("train/grad_norm", &e.GradNorm)
		add("train/tokens_per_second", &e.TokensPerSec)
	}
	add("dev/loss", e.DevLoss)
	add("dev/kl", e.DevKL)
	add("dev/metric", e.Metric)
	return list
}

// A logger writes a run's log. A nil one writes nothing.
type logger struct{ lines, events *os.File }

// openLog opens the log where the checkpoint that the run goes on from has its
// end: what a killed process logged beyond it is cut off, for those steps are
// taken again.
func (r *run) openLog() error {
	if r.opt.Log == "" {
		return nil
	}
	keep := r.state.Step
	if len(r.state.Result.Curve) == 0 {
		keep = -1 // nothing was taken up: the log begins anew
	}
	l, err := openLogger(r.opt.Log, keep, time.Now())
	if err != nil {
		return fmt.Errorf("train: log: %w", err)
	}
	r.log = l
	return nil
}

// openLogger opens the files of a log after the entries up to step keep.
func openLogger(dir string, keep int, now time.Time) (*logger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &logger{}
	var err error
	if l.lines, err = openAt(filepath.Join(dir, logFile), keep, endOfLines); err == nil {
		l.events, err = openAt(filepath.Join(dir, eventsFile), keep, endOfEvents)
	}
	if err == nil {
		var at int64
		if at, err = l.events.Seek(0, io.SeekCurrent); at == 0 && err == nil {
			_, err = l.events.Write(versionEvent(now))
		}
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// openAt opens a file for writing after what end says belongs to steps up to
// keep, and cuts the rest off.
func openAt(path string, keep int, end func(r io.Reader, keep int) (int64, error)) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	at := int64(0)
	if keep >= 0 {
		at, err = end(bufio.NewReader(f), keep)
	}
	if err == nil {
		err = f.Truncate(at)
	}
	if err == nil {
		_, err = f.Seek(at, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// endOfLines returns where the lines of steps up to keep end. A line that is no
// entry, such as one half written, ends them too.
func endOfLines(r io.Reader, keep int) (int64, error) {
	at, lines := int64(0), bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return at, nil
		} else if err != nil {
			return 0, err
		}
		var e entry
		if json.Unmarshal(line, &e) != nil || e.Step > keep {
			return at, nil
		}
		at += int64(len(line))
	}
}

// record logs a step, with the last point of the curve when one was added.
func (r *run) record(now taken, evaluated bool) error {
	if r.log == nil {
		return nil
	}
	s := &r.state
	e := entry{Step: s.Step, Tokens: s.Result.Tokens, LearningRate: now.rate, GradNorm: now.norm, TokensPerSec: now.speed, Time: time.Now()}
	if s.Step > 0 {
		loss, kl := now.loss, now.kl // copies: now itself stays off the heap when there is no log
		e.Loss = &loss
		if now.regularized {
			e.KL = &kl
		}
	}
	if n := len(s.Result.Curve); evaluated && n > 0 {
		p := s.Result.Curve[n-1]
		e.DevLoss, e.DevKL, e.Metric = p.DevLoss, p.DevKL, p.Metric
	}
	if err := r.log.write(e); err != nil {
		return fmt.Errorf("train: log: %w", err)
	}
	return nil
}

func (l *logger) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := l.lines.Write(append(line, '\n')); err != nil {
		return err
	}
	_, err = l.events.Write(scalarEvent(e.Time, int64(e.Step), e.scalars()))
	return err
}

func (l *logger) close() {
	if l == nil {
		return
	}
	for _, f := range []*os.File{l.lines, l.events} {
		if f != nil {
			f.Close()
		}
	}
}
