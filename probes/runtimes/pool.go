package runtimes

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/probes/evidence"
)

// poolWait is how long a pool of php-fpm may take to say what its environment is.
const poolWait = 2 * time.Second

// PoolVariables asks a pool of php-fpm for its variables about proxies and certificates, as NAME=VALUE: its workers have none
// in /proc. False where it does not answer. Logins of proxies are in them: they are for a program's environment, and for no
// output.
func PoolVariables(ctx context.Context, pool string) (variables []string, answered bool) {
	const nowhere = "127.0.0.1" // the script tells its settings whether it connects or not
	var mu sync.Mutex
	settings := map[*evidence.Pool]map[string]string{}
	heard := func(pool *evidence.Pool, answer map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		settings[pool] = answer
	}
	for _, client := range Look(ctx, Options{Host: nowhere, Port: 9, Only: []string{"fpm:" + pool}, Wait: poolWait, heard: heard}) {
		if client.Status == evidence.Skip {
			continue
		}
		for name, value := range settings[client.Pool] {
			if name, is := strings.CutPrefix(name, "env "); is {
				variables = append(variables, name+"="+value)
			}
		}
		slices.Sort(variables)
		return variables, true
	}
	return nil, false
}
