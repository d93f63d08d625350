package server

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var pageFiles embed.FS

// renderPage writes the document as one page that loads nothing from anywhere.
func renderPage(doc *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("page.html").Funcs(template.FuncMap{"code": codeSpans}).ParseFS(pageFiles, "page.html")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, pageOf(doc)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// The page's own view of the document: flat, ordered, and ready to print.
type (
	pageDoc struct {
		Title, Version, Intro string
		Groups                []pageGroup
		Types                 []pageType
	}
	pageGroup struct {
		Name, Intro string
		Operations  []pageOperation
	}
	pageOperation struct {
		Method, Path, ID, Summary, Intro string
		Params                           []pageField
		Body                             []pageField
		BodyKinds                        string
		Examples                         []pageExample
		Answers                          []pageAnswer
	}
	pageExample struct{ Summary, Text string }
	pageAnswer  struct{ Status, Text, Kind, Type string }
	pageType    struct {
		Name   string
		Fields []pageField
	}
	pageField struct {
		Name, Where, Form, Type, Intro string // Type names an entry of Types, if there is one
		Required                       bool
	}
)

func pageOf(doc *huma.OpenAPI) pageDoc {
	out := pageDoc{Title: doc.Info.Title, Version: doc.Info.Version, Intro: doc.Info.Description}
	for _, tag := range doc.Tags {
		out.Groups = append(out.Groups, pageGroup{tag.Name, tag.Description, operationsOf(doc, tag.Name)})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range sortedKeys(schemas) {
		out.Types = append(out.Types, pageType{name, fieldsOf(schemas[name])})
	}
	return out
}

func operationsOf(doc *huma.OpenAPI, tag string) []pageOperation {
	var out []pageOperation
	for _, path := range sortedKeys(doc.Paths) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && slices.Contains(op.Tags, tag) {
				out = append(out, operationOf(op))
			}
		}
	}
	return out
}

func operationOf(op *huma.Operation) pageOperation {
	out := pageOperation{Method: op.Method, Path: op.Path, ID: op.OperationID, Summary: op.Summary, Intro: op.Description}
	for _, p := range op.Parameters {
		f := fieldOf(p.Name, p.Schema)
		f.Where, f.Required, f.Intro = p.In, p.Required, p.Description
		out.Params = append(out.Params, f)
	}
	if op.RequestBody != nil {
		out.BodyKinds = strings.Join(sortedKeys(op.RequestBody.Content), ", ")
		schema := op.RequestBody.Content[jsonType].Schema
		if out.Body = fieldsOf(schema); schema.Ref != "" {
			out.Body = []pageField{fieldOf("", schema)}
		}
	}
	out.Examples = examplesOf(op.RequestBody)
	for _, status := range sortedKeys(op.Responses) {
		r := op.Responses[status]
		answer := pageAnswer{Status: status, Text: r.Description}
		for kind, media := range r.Content {
			answer.Kind, answer.Type = kind, typeName(media.Schema)
		}
		out.Answers = append(out.Answers, answer)
	}
	return out
}

// examplesOf gives the examples of a JSON body, in the order of their names.
func examplesOf(body *huma.RequestBody) (out []pageExample) {
	if body == nil {
		return nil
	}
	examples := body.Content[jsonType].Examples
	for _, name := range sortedKeys(examples) {
		if text, err := json.Marshal(examples[name].Value); err == nil { // it is in the document, too
			out = append(out, pageExample{examples[name].Summary, string(text)})
		}
	}
	return out
}

func fieldsOf(schema *huma.Schema) []pageField {
	var out []pageField
	for _, name := range sortedKeys(schema.Properties) {
		f := fieldOf(name, schema.Properties[name])
		f.Required = slices.Contains(schema.Required, name)
		out = append(out, f)
	}
	return out
}

func fieldOf(name string, schema *huma.Schema) pageField {
	return pageField{Name: name, Form: formOf(schema), Type: typeName(schema), Intro: schema.Description}
}

// typeName gives the name of the type that a schema refers to, itself or as
// the items of a list.
func typeName(schema *huma.Schema) string {
	switch {
	case schema == nil:
		return ""
	case schema.Ref != "":
		return schema.Ref[strings.LastIndexByte(schema.Ref, '/')+1:]
	case schema.Items != nil:
		return typeName(schema.Items)
	}
	return ""
}

// formOf says in words what a schema allows.
func formOf(schema *huma.Schema) string {
	switch {
	case schema.Ref != "":
		return ""
	case len(schema.Enum) > 0:
		words := make([]string, len(schema.Enum))
		for i, word := range schema.Enum {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, " | ")
	case schema.Items != nil:
		return strings.TrimSpace("list of " + formOf(schema.Items))
	}
	out := schema.Type
	if schema.Format != "" && schema.Format != "double" && schema.Format != "int64" {
		out = schema.Format
	}
	if schema.Minimum != nil && schema.Maximum != nil {
		out += fmt.Sprintf(", %v to %v", *schema.Minimum, *schema.Maximum)
	}
	if schema.MaxLength != nil {
		out += ", up to " + strconv.Itoa(*schema.MaxLength)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// codeSpans sets what stands between backquotes as code.
func codeSpans(text string) template.HTML {
	parts := strings.Split(template.HTMLEscapeString(text), "`")
	var out strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			out.WriteString("<code>" + part + "</code>")
			continue
		}
		out.WriteString(part)
	}
	return template.HTML(out.String())
}
