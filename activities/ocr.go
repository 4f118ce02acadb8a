package activities

import (
	"context"
	"sync"
	"time"

	"adapt/config"
	"adapt/ingest"
)

// ocrFinder remembers for a minute what text recognition this machine has, so
// that a folder of many batches does not start it for each.
type ocrFinder struct {
	mu       sync.Mutex
	at       time.Time
	language string
	found    ingest.OCR
}

// of returns what the configuration and the machine say about scanned pages.
func (f *ocrFinder) of(c config.Ingest) ingest.OCR {
	if c.OCR == config.OCROff {
		return ingest.OCR{Off: true}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.language != c.OCRLanguage || time.Since(f.at) > time.Minute {
		f.found = ingest.FindOCR(context.Background(), c.OCRLanguage)
		f.at, f.language = time.Now(), c.OCRLanguage
	}
	found := f.found
	found.Timeout = c.OCRTimeout
	return found
}
