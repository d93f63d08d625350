// Package client holds nabo.js, the library with which a web page speaks to
// nabo, and its types.
package client

import _ "embed" // for the two files below

//go:embed nabo.js
var script string

//go:embed nabo.d.ts
var types string

// Script is nabo.js, an ES module.
func Script() string { return script }

// Types is nabo.d.ts, what TypeScript knows of nabo.js.
func Types() string { return types }
