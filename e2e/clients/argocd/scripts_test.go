// Package argocd runs the scripts of docs/gitops.md as Argo CD does: in gopher-lua, with the object as the global `obj`.
package argocd

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// script reads what stands under a key of the page's YAML, without its indentation.
func script(t *testing.T, key string) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/gitops.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), key+": |\n")
	if !found {
		t.Fatalf("docs/gitops.md has no %s", key)
	}
	width := len(after) - len(strings.TrimLeft(after, " "))
	var lines []string
	for line := range strings.SplitSeq(after, "\n") {
		rest, inside := strings.CutPrefix(line, strings.Repeat(" ", width))
		if !inside {
			break
		}
		lines = append(lines, rest)
	}
	return strings.Join(lines, "\n")
}

// run gives what the script returns for an object in JSON.
func run(t *testing.T, source, object string) *lua.LTable {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(object), &value); err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	// Argo CD opens these libraries only, of `os` a part that tells the time.
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable},
		{lua.StringLibName, lua.OpenString}, {lua.OsLibName, lua.OpenOs},
	} {
		state.Push(state.NewFunction(library.open))
		state.Push(lua.LString(library.name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", toLua(state, value))
	if err := state.DoString(source); err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	table, is := state.Get(-1).(*lua.LTable)
	if !is {
		t.Fatalf("the script returned %v", state.Get(-1))
	}
	return table
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, member := range value {
			table.RawSetString(key, toLua(state, member))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case string:
		return lua.LString(value)
	case float64:
		return lua.LNumber(value)
	case bool:
		return lua.LBool(value)
	default:
		return lua.LNil
	}
}

// One row of the page's table each.
func TestHealth(t *testing.T) {
	health := script(t, "health.lua")
	condition := func(kind, status, reason string) string {
		return `{"type": "` + kind + `", "status": "` + status + `", "reason": "` + reason + `", "message": "why", "observedGeneration": 2}`
	}
	status := func(conditions ...string) string {
		return `, "status": {"observedGeneration": 2, "conditions": [` + strings.Join(conditions, ",") + `]}`
	}
	ready, synced := condition("Ready", "True", "Completed"), condition("Synced", "True", "Completed")
	for _, row := range []struct{ name, metadata, status, health, message string }{
		{"not looked at, no status", "", "", "Progressing", "waiting for the operator"},
		{"not looked at", "", `, "status": {"observedGeneration": -1}`, "Progressing", "waiting for the operator"},
		{"no condition yet", "", status(), "Progressing", "waiting for the operator"},
		{"on its way", "", status(condition("Reconciling", "True", "RollingOut"), condition("Ready", "False", "RollingOut")), "Progressing", "RollingOut: why"},
		{"as the spec says", "", status(ready, synced), "Healthy", "Completed: why"},
		{"scaling", "", status(ready, synced, condition("Reconciling", "True", "Scaling")), "Healthy", "Completed: why"},
		{"rolled back", "", status(condition("Ready", "False", "RolledBack"), condition("Stalled", "True", "RolledBack")), "Degraded", "RolledBack: why"},
		{"was stalled once", "", status(ready, condition("Stalled", "False", "Completed")), "Healthy", "Completed: why"},
		{"suspended, not ready", "", status(condition("Ready", "False", "Suspended"), condition("Synced", "False", "Suspended")), "Suspended", "Suspended: why"},
		{"suspended, ready", "", status(ready, condition("Synced", "False", "Suspended")), "Suspended", "Completed: why"},
		{"an older spec", "", strings.ReplaceAll(status(ready, synced), `"observedGeneration": 2}`, `"observedGeneration": 1}`), "Progressing", "Completed: why"},
		{"going", `, "deletionTimestamp": "2026-11-27T12:00:00Z"`, status(ready, synced), "Progressing", "Completed: why"},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := `{"kind": "EcsService", "metadata": {"name": "web", "generation": 2` + row.metadata + `}, "spec": {}` + row.status + `}`
			said := run(t, health, object)
			if found := said.RawGetString("status").String(); found != row.health {
				t.Errorf("%s instead of %s", found, row.health)
			}
			if found := said.RawGetString("message").String(); found != row.message {
				t.Errorf("%q instead of %q", found, row.message)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	if actions := run(t, script(t, "discovery.lua"), `{}`); actions.RawGetString("restart") == lua.LNil {
		t.Error("restart is not offered")
	}
	action := script(t, "action.lua")
	for _, spec := range []string{`{}`, `{"management": {"suspend": true}}`} {
		object := run(t, action, `{"kind": "EcsService", "spec": `+spec+`}`)
		management := object.RawGetString("spec").(*lua.LTable).RawGetString("management").(*lua.LTable)
		at, err := time.Parse(time.RFC3339, management.RawGetString("restartAt").String())
		if err != nil {
			t.Fatal(err)
		}
		if ago := time.Since(at); ago < -time.Minute || ago > time.Minute {
			t.Errorf("restartAt is %s ago", ago)
		}
	}
}
