//go:build ignore

// Checks checkpoints and proofs of a log with the Go project's own packages for signed notes and
// transparency logs, after which C2SP wrote its standards: check_log < asked.json
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type asked struct {
	Verifier    string // name, key id and key, as the Go project writes them
	Old, New    string // checkpoints
	Entry       string // hex, of the leaf
	Sequence    int64
	Inclusion   []string // hex, in New
	Consistency []string // hex, from Old to New
}

func hashes(told []string) ([]tlog.Hash, error) {
	var made []tlog.Hash
	for _, one := range told {
		raw, err := hex.DecodeString(one)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", one)
		}
		made = append(made, tlog.Hash(*(*[tlog.HashSize]byte)(raw)))
	}
	return made, nil
}

// checkpoint opens a note and reads the tree that it signs: origin, size, root.
func checkpoint(text string, known note.Verifiers) (size int64, root tlog.Hash, err error) {
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return 0, root, fmt.Errorf("%q is no root", lines[2])
	}
	return size, tlog.Hash(*(*[tlog.HashSize]byte)(raw)), nil
}

func check() error {
	var told asked
	if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(told.Verifier)
	if err != nil {
		return err
	}
	known := note.VerifierList(verifier)
	before, earlier, err := checkpoint(told.Old, known)
	if err != nil {
		return fmt.Errorf("earlier checkpoint: %w", err)
	}
	size, root, err := checkpoint(told.New, known)
	if err != nil {
		return fmt.Errorf("later checkpoint: %w", err)
	}
	inside, err := hashes(told.Inclusion)
	if err != nil {
		return err
	}
	entry, err := hex.DecodeString(told.Entry)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(inside, size, root, told.Sequence-1, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	goesOn, err := hashes(told.Consistency)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(goesOn, size, root, before, earlier); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return nil
}

func main() {
	if err := check(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("sound")
}
