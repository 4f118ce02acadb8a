package activities

import "sync"

// counters count what the activities of a run do side by side.
type counters struct {
	mu    sync.Mutex
	byRun map[string]*counter
}

func (c *counters) of(runID string) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byRun == nil {
		c.byRun = map[string]*counter{}
	}
	if c.byRun[runID] == nil {
		c.byRun[runID] = new(counter)
	}
	return c.byRun[runID]
}

func (c *counters) drop(runID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byRun, runID)
}

// A counter is safe for concurrent use.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	return c.n
}

func (c *counter) value() int { return c.add(0) }

// atLeast raises the counter to n.
func (c *counter) atLeast(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = max(c.n, n)
}
