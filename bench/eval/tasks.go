package eval

import (
	"fmt"
	"slices"
	"strings"
)

// Task is what is asked of the engine.
type Task uint8

// The tasks.
const (
	NextBasket Task = iota // what a member buys next
	Together               // what else is in a basket of which one product is given
	Complete               // which product is missing in a basket
	Offers                 // which of the offers that hold a member redeems
	allTasks
)

var taskNames = [allTasks]string{"next-basket", "together", "complete", "offers"}

// String returns the task's name, as the command line spells it.
func (t Task) String() string { return taskNames[t] }

// MarshalText writes the task's name.
func (t Task) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a task's name.
func (t *Task) UnmarshalText(name []byte) error {
	i := slices.Index(taskNames[:], string(name))
	if i < 0 {
		return fmt.Errorf("there is no task %q; there are %s", name, strings.Join(taskNames[:], ", "))
	}
	*t = Task(i)
	return nil
}
