package bench

import "testing"

func TestStatusBytes(t *testing.T) {
	status := []byte("Name:\tx\nVmPeak:\t     99 kB\nVmHWM:\t   1234 kB\n")
	if n, err := statusBytes(status, "VmHWM"); err != nil || n != 1234<<10 {
		t.Errorf("got %d, %v", n, err)
	}
	for _, bad := range []string{"", "VmHWM: much\n"} {
		if _, err := statusBytes([]byte(bad), "VmHWM"); err == nil {
			t.Errorf("%q gives no error", bad)
		}
	}
}
