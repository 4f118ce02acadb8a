package kernel

import "math"

const (
	queryTile = 56 // four panels of 14 rows
	keyTile   = 128
)

// Attention is causal scaled dot-product attention over packed sequences.
//
// q is [tokens, heads*hd], k and v are [tokens, kvHeads*hd]; query head h reads
// key head h/(heads/kvHeads). Sequence i is the tokens bounds[i] to bounds[i+1].
// out, like q, gets the result, and lse, [tokens, heads], the logarithm of the
// sum of the exponentials of each query's scores, which [AttentionGrad] needs.
func Attention(threads int, out, lse, q, k, v []float32, heads, kvHeads, hd int, bounds []int32) {
	active.attention(threads, out, lse, q, k, v, heads, kvHeads, hd, bounds)
}

// AttentionGrad writes dq, dk and dv, the gradients of [Attention] given dout,
// the gradient of out, and what Attention took and gave.
func AttentionGrad(threads int, dq, dk, dv, q, k, v, out, lse, dout []float32, heads, kvHeads, hd int, bounds []int32) {
	active.attentionGrad(threads, dq, dk, dv, q, k, v, out, lse, dout, heads, kvHeads, hd, bounds)
}

func (o *ops) attention(threads int, out, lse, q, k, v []float32, heads, kvHeads, hd int, bounds []int32) {
	dynamic(threads, (len(bounds)-1)*kvHeads, func(item int) {
		lo, hi := int(bounds[item/kvHeads]), int(bounds[item/kvHeads+1])
		kv, group := item%kvHeads, heads/kvHeads
		for h := kv * group; h < (kv+1)*group; h++ {
			for t := lo; t < hi; t += queryTile {
				n := min(queryTile, hi-t)
				at := t*heads*hd + h*hd
				o.attend(out[at:], lse[t*heads+h:], q[at:], k[lo*kvHeads*hd+kv*hd:], v[lo*kvHeads*hd+kv*hd:],
					n, t-lo, hd, heads, kvHeads)
			}
		}
	})
}

// attend computes one tile of n queries of one head, the first of which is at
// position first of its sequence; k and v start at position 0.
func (o *ops) attend(out, lse, q, k, v []float32, n, first, hd, heads, kvHeads int) {
	buf := getBuffer(queryTile*keyTile + 2*queryTile)
	defer putBuffer(buf)
	scores, most, sum := buf.data[:queryTile*keyTile], buf.data[queryTile*keyTile:][:queryTile], buf.data[queryTile*keyTile+queryTile:]
	scale := float32(1 / math.Sqrt(float64(hd)))
	ldq, ldk := heads*hd, kvHeads*hd
	for i := range n {
		most[i], sum[i] = float32(math.Inf(-1)), 0
	}
	beta := float32(0)
	for j := 0; j < first+n; j += keyTile {
		keys := min(keyTile, first+n-j)
		o.gemmAll(1, false, true, n, keys, hd, scale, q, ldq, k[j*ldk:], ldk, 0, scores, keyTile)
		for i := range n {
			row := scores[i*keyTile:][:keys]
			seen := min(keys, max(0, first+i+1-j)) // a query sees the keys up to itself
			clear(row[seen:])
			row = row[:seen]
			if seen == 0 {
				continue
			}
			m := max(most[i], o.max(row))
			if j > 0 && m > most[i] {
				fix := expGo(most[i] - m)
				sum[i] *= fix
				o.scale(out[i*ldq:][:hd], fix)
			}
			most[i] = m
			sum[i] += o.expSum(row, m)
		}
		o.gemmAll(1, false, false, n, hd, keys, 1, scores, keyTile, v[j*ldk:], ldk, beta, out, ldq)
		beta = 1
	}
	for i := range n {
		o.scale(out[i*ldq:][:hd], 1/sum[i])
		lse[i*heads] = most[i] + float32(math.Log(float64(sum[i])))
	}
}

func (o *ops) attentionGrad(threads int, dq, dk, dv, q, k, v, out, lse, dout []float32, heads, kvHeads, hd int, bounds []int32) {
	group := heads / kvHeads
	dynamic(threads, (len(bounds)-1)*kvHeads, func(item int) {
		lo, hi := int(bounds[item/kvHeads]), int(bounds[item/kvHeads+1])
		kv := item % kvHeads
		for h := kv * group; h < (kv+1)*group; h++ {
			at, atKV := lo*heads*hd+h*hd, lo*kvHeads*hd+kv*hd
			o.attendGrad(dq[at:], dk[atKV:], dv[atKV:], q[at:], k[atKV:], v[atKV:], out[at:], lse[lo*heads+h:], dout[at:],
				hi-lo, hd, heads, kvHeads, h == kv*group)
		}
	})
}

// attendGrad computes the gradients of one head of a sequence of n tokens. It
// adds to dk and dv, which the heads of a group share, unless the head is the
// first of the group.
func (o *ops) attendGrad(dq, dk, dv, q, k, v, out, lse, dout []float32, n, hd, heads, kvHeads int, first bool) {
	buf := getBuffer(2*queryTile*keyTile + n)
	defer putBuffer(buf)
	p, ds, delta := buf.data[:queryTile*keyTile], buf.data[queryTile*keyTile:2*queryTile*keyTile], buf.data[2*queryTile*keyTile:]
	scale := float32(1 / math.Sqrt(float64(hd)))
	ldq, ldk := heads*hd, kvHeads*hd
	for i := range n {
		delta[i] = o.dot(out[i*ldq:][:hd], dout[i*ldq:][:hd])
		clear(dq[i*ldq:][:hd])
		if first {
			clear(dk[i*ldk:][:hd])
			clear(dv[i*ldk:][:hd])
		}
	}
	for j := 0; j < n; j += keyTile {
		keys := min(keyTile, n-j)
		kj, vj := k[j*ldk:], v[j*ldk:]
		for t := j / queryTile * queryTile; t < n; t += queryTile {
			rows := min(queryTile, n-t)
			cols := min(keys, t+rows-j) // keys that the last query sees
			qt, dt := q[t*ldq:], dout[t*ldq:]
			o.gemmAll(1, false, true, rows, cols, hd, scale, qt, ldq, kj, ldk, 0, p, keyTile)
			o.gemmAll(1, false, true, rows, cols, hd, 1, dt, ldq, vj, ldk, 0, ds, keyTile)
			for i := range rows {
				seen := min(cols, max(0, t+i+1-j))
				row := p[i*keyTile:][:cols]
				o.expSum(row[:seen], lse[(t+i)*heads])
				clear(row[seen:])
				drow := ds[i*keyTile:][:cols]
				o.mulSub(drow[:seen], row[:seen], delta[t+i])
				clear(drow[seen:])
			}
			o.gemmAll(1, true, false, cols, hd, rows, 1, p, keyTile, dt, ldq, 1, dv[j*ldk:], ldk)
			o.gemmAll(1, true, false, cols, hd, rows, scale, ds, keyTile, qt, ldq, 1, dk[j*ldk:], ldk)
			o.gemmAll(1, false, false, rows, hd, cols, scale, ds, keyTile, kj, ldk, 1, dq[t*ldq:], ldq)
		}
	}
}
