package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync"
)

const (
	cacheShards   = 16
	cachePerShard = 4096 // entries; a full shard is emptied
	cachePieceMax = 64   // bytes; longer pieces seldom come again
)

// A cache remembers the ids of pieces. It is bounded and safe for concurrent
// use. What it holds never changes a result.
type cache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu  sync.RWMutex
	ids map[string][]int32
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) shard(piece string) *cacheShard {
	return &c.shards[maphash.String(c.seed, piece)%cacheShards]
}

func (c *cache) get(piece string) ([]int32, bool) {
	s := c.shard(piece)
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids, ok := s.ids[piece]
	return ids, ok
}

func (c *cache) put(piece string, ids []int32) {
	if len(piece) > cachePieceMax {
		return
	}
	s := c.shard(piece)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil || len(s.ids) >= cachePerShard {
		s.ids = make(map[string][]int32)
	}
	// The clone keeps a piece from holding the whole document in memory.
	s.ids[strings.Clone(piece)] = ids
}
