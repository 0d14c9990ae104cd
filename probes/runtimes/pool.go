package runtimes

import (
	"context"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
)

// poolWait is how long a pool of php-fpm may take to say what its environment is.
const poolWait = 2 * time.Second

// PoolVariables asks a pool of php-fpm for its variables about proxies and certificates, as NAME=VALUE: its workers have none
// in /proc. False where it does not answer. Logins of proxies are not in them.
func PoolVariables(ctx context.Context, pool string) (variables []string, answered bool) {
	const nowhere = "127.0.0.1" // the script tells its settings whether it connects or not
	for _, client := range Look(ctx, Options{Host: nowhere, Port: 9, Only: []string{"fpm:" + pool}, Wait: poolWait}) {
		if client.Status == evidence.Skip {
			continue
		}
		for _, setting := range client.Settings {
			if name, is := strings.CutPrefix(setting.Name.String(), "env "); is {
				variables = append(variables, name+"="+setting.Value.String())
			}
		}
		return variables, true
	}
	return nil, false
}
