package codes_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// word is how a code is spelled.
var word = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// printed is how a line on a terminal begins with a code.
var printed = regexp.MustCompile(`^([a-z][a-z0-9]*(?:_[a-z0-9]+)*): `)

// used are the codes that the sources give to people, with a place where each is.
type used map[string]string

// usedCodes reads the product's sources. A code is a literal that is given to a parameter
// called code, to a field Code, to a variable or constant whose name has code in it, that
// is the first of a Notice or a Warning, that a function called codeOf returns, or that a
// line of the command begins with.
func usedCodes(t *testing.T, root string) used {
	t.Helper()
	files, set := parsed(t, root)
	constants := map[string]ast.Expr{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, name := range spec.Names {
					if i < len(spec.Values) {
						constants[f.Name.Name+"."+name.Name] = spec.Values[i]
					}
				}
			}
			return true
		})
	}
	found := used{}
	for _, f := range files {
		places := parameters(files, f)
		at := func(e ast.Expr) {
			if id, ok := e.(*ast.Ident); ok && constants[f.Name.Name+"."+id.Name] != nil {
				e = constants[f.Name.Name+"."+id.Name]
			}
			if text := literal(e); word.MatchString(text) {
				found[text] = set.Position(e.Pos()).String()
			}
		}
		line := func(e ast.Expr) {
			if m := printed.FindStringSubmatch(literal(e)); m != nil {
				found[m[1]] = set.Position(e.Pos()).String()
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				for _, i := range places[name(n.Fun)] {
					if i < len(n.Args) {
						at(n.Args[i])
					}
				}
				if len(n.Args) == 0 || f.Name.Name != "main" && f.Name.Name != "stack" {
					break
				}
				switch name(n.Fun) {
				case "usage":
					line(n.Args[0])
				case "Errorf", "New": // a text with one word before the colon may say what was being done
					if m := printed.FindStringSubmatch(literal(n.Args[0])); m != nil && strings.Contains(m[1], "_") {
						line(n.Args[0])
					}
				}
			case *ast.CompositeLit:
				kind := name(n.Type)
				for i, e := range n.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						if name(pair.Key) == "Code" || name(pair.Key) == "code" {
							at(pair.Value)
						}
					} else if i == 0 && (kind == "Notice" || kind == "Warning" || kind == "RejectedError" || kind == "UnsupportedError") {
						at(e)
					} else if kind == "exitError" {
						if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
							line(call.Args[0])
						}
					}
				}
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					if i < len(n.Rhs) && name(to) == "code" {
						at(n.Rhs[i])
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "codeOf" {
					ast.Inspect(n, func(n ast.Node) bool {
						if back, ok := n.(*ast.ReturnStmt); ok {
							at(back.Results[0])
						}
						return true
					})
				}
			}
			return true
		})
	}
	return found
}

// parsed are the sources that give codes to people: not the doubles of AWS, whose codes
// are AWS's.
func parsed(t *testing.T, root string) (files []*ast.File, set *token.FileSet) {
	t.Helper()
	set = token.NewFileSet()
	for _, dir := range []string{"internal", "cmd/iris", "containers/tissue", "functions"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "codes" || d.Name() == "jobtest" || d.Name() == "storetest" || doubles(root, path)):
				return filepath.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 100 {
		t.Fatal(fmt.Sprint(len(files), " files: the sources are elsewhere"))
	}
	return files, set
}

// doubles says whether a folder is of the doubles of AWS; what starts them is not.
func doubles(root, path string) bool {
	local := filepath.Join(root, "internal", "local")
	return filepath.Dir(path) == local && path != filepath.Join(local, "stack")
}

// usedByPython are the codes with which the model server in Python refuses a request, and
// those of the Python client.
func usedByPython(t *testing.T, root string, found used) {
	t.Helper()
	raised := regexp.MustCompile(`(?:Request|Scan|Iris|Unreachable|Transfer|Stopped|NotEnded)Error\(\s*"([a-z0-9_]+)"`)
	var files []string
	for _, folder := range []string{"containers/totalsegmentator/iris_totalsegmentator", "integrations/python/src/iris_oculus", "integrations/python/src/iris_oculus/names"} {
		some, err := filepath.Glob(filepath.Join(root, folder, "*.py"))
		if err != nil || len(some) == 0 {
			t.Fatal("the sources in Python are elsewhere", err)
		}
		files = append(files, some...)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range raised.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = path
		}
	}
}

// parameters are the positions of parameters called code, by the names of functions; of
// functions that variables hold, which mean something else in each file, in file.
func parameters(files []*ast.File, file *ast.File) map[string][]int {
	places := map[string][]int{}
	note := func(function string, params *ast.FieldList) {
		i := 0
		for _, field := range params.List {
			for _, p := range field.Names {
				if p.Name == "code" && !slices.Contains(places[function], i) {
					places[function] = append(places[function], i)
				}
				i++
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				note(n.Name.Name, n.Type.Params)
			case *ast.AssignStmt:
				for i, e := range n.Rhs {
					if held, ok := e.(*ast.FuncLit); ok && f == file && len(n.Lhs) == len(n.Rhs) {
						note(name(n.Lhs[i]), held.Type.Params)
					}
				}
			}
			return true
		})
	}
	return places
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return name(e.X)
	}
	return ""
}

func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if text, err := strconv.Unquote(lit.Value); err == nil {
			return text
		}
	}
	return ""
}
