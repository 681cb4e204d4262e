package scan

// joinCheapest joins n things, always the two of which cost says that it is cheapest, until at
// most limit are left, which it returns. join makes its second thing a part of its first. It
// takes n² calls of cost and as much space.
func joinCheapest(n, limit int, cost func(i, j int) float32, join func(i, j int)) (left []int) {
	gone := make([]bool, n)
	costs := make([]float32, n*n) // by pair, the lower one first
	best := make([]int, n)        // for each thing, the one behind it that it is best joined to, or -1
	find := func(i int) {
		best[i] = -1
		row := costs[i*n : (i+1)*n]
		for j := i + 1; j < n; j++ {
			if !gone[j] && (best[i] < 0 || row[j] < row[best[i]]) {
				best[i] = j
			}
		}
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			costs[i*n+j] = cost(i, j)
		}
		find(i)
	}
	for range n - limit {
		a := -1
		for i := range n {
			if !gone[i] && best[i] >= 0 && (a < 0 || costs[i*n+best[i]] < costs[a*n+best[a]]) {
				a = i
			}
		}
		b := best[a]
		join(a, b)
		gone[b] = true
		for i := range n {
			if i != a && !gone[i] {
				costs[min(i, a)*n+max(i, a)] = cost(min(i, a), max(i, a))
			}
		}
		find(a)
		for i := range n {
			switch {
			case i == a || gone[i]:
			case best[i] == a || best[i] == b:
				find(i)
			case i < a && costs[i*n+a] < costs[i*n+best[i]]:
				best[i] = a
			}
		}
	}
	for i := range n {
		if !gone[i] {
			left = append(left, i)
		}
	}
	return left
}
