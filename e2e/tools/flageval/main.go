// Command flageval evaluates every flag of a flagd document with flagd's own core, as served as a Go module.
//
//	flageval FILE [--defaults DEFAULTS.json] [--context CONTEXT.json]
//
// It prints one JSON object, {key: {value, variant, reason, error}}, for the keys of the document and of DEFAULTS, which
// maps keys to the defaults that an application has in its code. A flag that cannot be evaluated has its code default as
// value; without one, false, "", 0 or {}. So a missing, empty or broken FILE shows what an application would do. For a
// valid document value and variant are the same in every engine; reason and error are the engine's own words.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/open-feature/flagd/core/pkg/evaluator"
	"github.com/open-feature/flagd/core/pkg/logger"
	"github.com/open-feature/flagd/core/pkg/store"
	"github.com/open-feature/flagd/core/pkg/sync"
	"go.uber.org/zap"
)

type answer struct {
	Value   any     `json:"value"`
	Variant *string `json:"variant"`
	Reason  string  `json:"reason"`
	Error   *string `json:"error"`
}

func main() {
	file, options, err := arguments(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "flageval: %v\nusage: flageval FILE [--defaults DEFAULTS.json] [--context CONTEXT.json]\n", err)
		os.Exit(2)
	}
	quiet := logger.NewLogger(zap.NewNop(), false)
	engine := evaluator.NewJSON(quiet, store.NewFlags())
	document, err := os.ReadFile(file)
	if err == nil {
		err = load(engine, string(document))
	}
	if err != nil { // every flag has its code default then, as in an application
		fmt.Fprintf(os.Stderr, "flageval: document not loaded: %v\n", err)
	}
	answers := map[string]answer{}
	for key, fallback := range codeDefaults(document, options["--defaults"]) {
		answers[key] = evaluate(engine, key, fallback, options["--context"])
	}
	out, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		fmt.Fprintf(os.Stderr, "flageval: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(string(out))
}

// load turns a panic into an error: flagd's core dereferences nil on the document `null`.
func load(engine evaluator.IEvaluator, document string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the engine panicked: %v", reason)
		}
	}()
	_, _, err = engine.SetState(sync.DataSync{FlagData: document, Source: "file"})
	return err
}

// arguments gives the document's path and the JSON object of each option; file and options come in any order.
func arguments(args []string) (string, map[string]map[string]any, error) {
	file, options := "", map[string]map[string]any{"--defaults": {}, "--context": {}}
	for i := 0; i < len(args); i++ {
		object, isOption := options[args[i]]
		switch {
		case isOption && i+1 < len(args):
			i++
			text, err := os.ReadFile(args[i])
			if err != nil {
				return "", nil, err
			}
			if err := json.Unmarshal(text, &object); err != nil {
				return "", nil, fmt.Errorf("%s: %w", args[i], err)
			}
		case !isOption && file == "":
			file = args[i]
		default:
			return "", nil, fmt.Errorf("unexpected argument %q", args[i])
		}
	}
	if file == "" {
		return "", nil, fmt.Errorf("no document named")
	}
	return file, options, nil
}

// codeDefaults are the given defaults, and the zero value of its type for every other flag that the document can be
// seen to hold.
func codeDefaults(document []byte, defaults map[string]any) map[string]any {
	var seen struct {
		Flags map[string]struct {
			Variants       map[string]any `json:"variants"`
			DefaultVariant string         `json:"defaultVariant"`
		} `json:"flags"`
	}
	_ = json.Unmarshal(document, &seen) // what cannot be read has no keys to show
	for key, flag := range seen.Flags {
		if _, given := defaults[key]; given {
			continue
		}
		value := flag.Variants[flag.DefaultVariant]
		for _, other := range flag.Variants {
			if value == nil {
				value = other
			}
		}
		defaults[key] = zero(value)
	}
	return defaults
}

func zero(value any) any {
	switch value.(type) {
	case string:
		return ""
	case float64:
		return 0.0
	case map[string]any:
		return map[string]any{}
	default:
		return false
	}
}

// evaluate asks for a flag as an application would: with the type of its code default.
func evaluate(engine evaluator.IResolver, key string, fallback any, attributes map[string]any) answer {
	var a answer
	var variant string
	var err error
	ctx := context.Background()
	switch fallback.(type) {
	case bool:
		a.Value, variant, a.Reason, _, err = engine.ResolveBooleanValue(ctx, "", key, attributes)
	case string:
		a.Value, variant, a.Reason, _, err = engine.ResolveStringValue(ctx, "", key, attributes)
	case float64:
		a.Value, variant, a.Reason, _, err = engine.ResolveFloatValue(ctx, "", key, attributes)
	default:
		a.Value, variant, a.Reason, _, err = engine.ResolveObjectValue(ctx, "", key, attributes)
	}
	if err != nil {
		text := err.Error()
		return answer{Value: fallback, Reason: a.Reason, Error: &text}
	}
	if variant != "" {
		a.Variant = &variant
	}
	return a
}
