// Command resolved writes template.yaml with every parameter, condition and function
// resolved, once for each deployment of package deployments, as JSON that CloudFormation's
// judges read: they follow no Fn::If, and so say something else of a deployment than it is.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/tests/template/deployments"
)

var words = regexp.MustCompile(`[^a-z]+`)

func main() {
	source, out := flag.String("template", "template.yaml", "the template"), flag.String("out", "build/cloud", "folder that gets a file for each deployment")
	flag.Parse()
	if err := write(*source, *out); err != nil {
		log.Fatal(err)
	}
}

func write(source, out string) error {
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	for name, parameters := range deployments.All {
		all, err := template.Resources(source, deployments.Who, parameters)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		resources := map[string]any{}
		for _, r := range all {
			resources[r.ID] = map[string]any{"Type": r.Type, "Properties": r.Properties}
		}
		text, err := json.MarshalIndent(map[string]any{
			"AWSTemplateFormatVersion": "2010-09-09", "Transform": "AWS::Serverless-2016-10-31", "Description": name, "Resources": resources,
		}, "", " ")
		if err != nil {
			return err
		}
		file := filepath.Join(out, strings.Trim(words.ReplaceAllString(name, "-"), "-")+".json")
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	return nil
}
