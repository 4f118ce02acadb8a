package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
)

// statusBytes reads a line such as "VmHWM:   1234 kB".
func statusBytes(status []byte, key string) (int64, error) {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			var kb int64
			if _, err := fmt.Sscanf(value, "%d kB", &kb); err != nil {
				return 0, fmt.Errorf("memory of the system: %q: %w", lines.Text(), err)
			}
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("the system does not say %s", key)
}
