package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"adapt/config"
	"adapt/domains/all"
)

func newInit(*flags) *cobra.Command {
	var path string
	var force bool
	c := &cobra.Command{
		Use: "init DOMAIN", Short: "Write a commented adapt.yaml with every default",
		Example: "  adapt init legal\n  adapt init medical -o reports/adapt.yaml", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := all.Get(args[0])
			if err != nil {
				return exit{code: exitUsage, err: err}
			}
			b, err := config.Template(d.Name(), d.Gates())
			if err != nil {
				return err
			}
			if err := writeNew(path, b, force); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is written; `adapt run %s FOLDER --config %s` uses it\n", path, d.Name(), path)
			return nil
		},
	}
	c.Flags().StringVarP(&path, "output", "o", "adapt.yaml", "where to write it")
	c.Flags().BoolVar(&force, "force", false, "replace the file when it is there")
	return c
}

// writeNew refuses to replace a file unless it is told to.
func writeNew(path string, b []byte, force bool) error {
	flag := os.O_CREATE | os.O_WRONLY | os.O_EXCL
	if force {
		flag = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flag, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return exit{code: exitUsage, err: fmt.Errorf("%s is there already; give another path with -o, or --force", path)}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
