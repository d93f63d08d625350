package server

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nabo/engine"
	"nabo/engine/event"
)

const (
	maxList      = 1000 // ids in a list
	defaultCount = 10
)

// params are the parameters of one request, whichever way they came: in the
// path, as a query or as a JSON body. All three ways go through assign, so
// that each name means the same and is checked the same everywhere.
type params struct {
	allowed, set param

	product, member, session string
	store, chain, category   string
	window, logic, scenario  string
	wait                     string
	products, exclude        []string
	count                    int
	minSupport               float64
	diversity, rotationRate  float64 // NaN: not given
	channel, after           string
	filter, booster          string
	cursor, recommID         string
	basket                   []string
	minSeq                   uint64
	explain                  bool
	validateOnly, digest     bool
	active, publish, values  bool
	format                   string
	depth, search            string
	points                   int
	halfLife                 float64 // days; 0: not given
}

// reset makes p ready for a request that may use the allowed parameters. The
// lists keep their room.
func (p *params) reset(allowed param) {
	clear(p.products)
	clear(p.exclude)
	clear(p.basket)
	*p = params{
		allowed: allowed, products: p.products[:0], exclude: p.exclude[:0], basket: p.basket[:0],
		count: defaultCount, points: usualPoints, diversity: math.NaN(), rotationRate: math.NaN(),
	}
}

func (p *params) has(one param) bool { return p.set&one != 0 }

// value is what stands for a parameter, before it is understood.
type value struct {
	text   string
	form   form
	at     int  // its place in a list
	inList bool // it is an element of a JSON array, or a list's only query value
}

// form says how a value was written.
type form uint8

const (
	inQuery form = iota // text without a type
	jsonString
	jsonNumber
	jsonTrue
	jsonFalse
)

// path sets a parameter from the request's path.
func (p *params) path(one param, text string) *Problem {
	return p.assign(one, value{text: text})
}

// query takes the parameters of a raw query.
func (p *params) query(raw string) *Problem {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, text, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err == nil {
			text, err = unescape(text)
		}
		if err != nil {
			return fault(badParameter, "the query is not well escaped", "/"+pointerToken(name), err.Error())
		}
		one, bad := p.find(strings.TrimSuffix(name, "[]"))
		if bad != nil {
			return bad
		}
		if bad := p.assign(one, value{text: text}); bad != nil {
			return bad
		}
	}
	return nil
}

// unescape is url.QueryUnescape; text without escapes is passed on as it is.
func unescape(text string) (string, error) {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return text, nil
	}
	return url.QueryUnescape(text)
}

// find gives the parameter of that name, or the problem that there is none.
func (p *params) find(name string) (param, *Problem) {
	one := paramNamed(name)
	if one&p.allowed != 0 {
		return one, nil
	}
	expected := "there is no such parameter here"
	if near := p.allowed.nearest(name); near != 0 {
		expected += "; did you mean " + near.info().name + "?"
	} else if p.allowed != 0 {
		expected += "; known are " + p.allowed.names()
	}
	detail := fmt.Sprintf("unknown parameter %q", clip(name))
	return 0, fault(unknownParameter, detail, "/"+pointerToken(clip(name)), expected)
}

// assign understands one value and puts it in its place. A parameter that is
// no list may be given once only.
func (p *params) assign(one param, v value) *Problem {
	info := one.info()
	list := info.kind == kindIDs
	if p.has(one) && !list {
		return badValue(info, v, "give it once only")
	}
	p.set |= one
	switch info.kind {
	case kindID, kindIDs:
		return p.assignID(one, info, v)
	case kindText, kindExpr, kindCursor:
		return p.assignText(one, info, v)
	case kindCount:
		n, err := strconv.Atoi(v.text)
		if err != nil || n < 1 || n > engine.MaxCount || !v.numeric() {
			return badValue(info, v, "expected a whole number from 1 to "+strconv.Itoa(engine.MaxCount))
		}
		p.count = n
	case kindNumber:
		x, err := strconv.ParseFloat(v.text, 64)
		if err != nil || !(x >= 0) || math.IsInf(x, 0) || !v.numeric() {
			return badValue(info, v, "expected a number, zero or more")
		}
		p.minSupport = x
	case kindSeq:
		n, err := strconv.ParseUint(v.text, 10, 64)
		if err != nil || !v.numeric() {
			return badValue(info, v, "expected a log position, a whole number")
		}
		p.minSeq = n
	case kindFlag:
		return p.assignFlag(one, info, v)
	case kindWord, kindChoice:
		return p.assignWord(one, info, v)
	case kindShare:
		return p.assignShare(one, info, v)
	case kindPoints, kindDays, kindSearch:
		return p.assignDrawn(info, v)
	}
	return nil
}

// The bounds of what is asked of maps and searches.
const (
	minPoints, usualPoints = 10, 600
	minDays, maxDays       = 0.01, 36_500.0
	maxSearch              = 200 // bytes
)

func (p *params) assignDrawn(info *paramInfo, v value) *Problem {
	switch info.kind {
	case kindPoints:
		n, err := strconv.Atoi(v.text)
		if err != nil || n < minPoints || n > engine.MaxDots || !v.numeric() {
			return badValue(info, v, fmt.Sprintf("expected a whole number from %d to %d", minPoints, engine.MaxDots))
		}
		p.points = n
	case kindDays:
		x, err := strconv.ParseFloat(v.text, 64)
		if err != nil || !(x >= minDays && x <= maxDays) || !v.numeric() {
			return badValue(info, v, fmt.Sprintf("expected days, from %v to %v", minDays, maxDays))
		}
		p.halfLife = x
	default:
		if !v.textual() || len(v.text) > maxSearch || strings.TrimSpace(v.text) == "" || !utf8.ValidString(v.text) {
			return badValue(info, v, fmt.Sprintf("expected words, up to %d bytes of UTF-8", maxSearch))
		}
		p.search = v.text
	}
	return nil
}

// maxExpr is the longest expression, in bytes.
const maxExpr = 4 << 10

func (p *params) assignText(one param, info *paramInfo, v value) *Problem {
	most := event.MaxText
	if info.kind == kindExpr {
		most = maxExpr
	}
	if !v.textual() || v.text == "" || len(v.text) > most || !utf8.ValidString(v.text) {
		return badValue(info, v, "expected 1 to "+strconv.Itoa(most)+" bytes of UTF-8")
	}
	switch one {
	case pCategory:
		p.category = v.text
	case pFilter:
		p.filter = v.text
	case pBooster:
		p.booster = v.text
	case pCursor:
		p.cursor = v.text
	}
	return nil
}

func (p *params) assignShare(one param, info *paramInfo, v value) *Problem {
	x, err := strconv.ParseFloat(v.text, 64)
	if err != nil || !(x >= 0 && x <= 1) || !v.numeric() {
		return badValue(info, v, "expected a number from 0 to 1")
	}
	if one == pDiversity {
		p.diversity = x
	} else {
		p.rotationRate = x
	}
	return nil
}

func (v value) numeric() bool { return v.form == inQuery || v.form == jsonNumber }
func (v value) textual() bool { return v.form == inQuery || v.form == jsonString }

func (p *params) assignID(one param, info *paramInfo, v value) *Problem {
	if !v.textual() {
		return badValue(info, v, "expected a string")
	}
	if !validID(v.text) {
		return badValue(info, v, "expected 1 to "+strconv.Itoa(event.MaxID)+" bytes of printable UTF-8")
	}
	switch one {
	case pProduct:
		p.product = v.text
	case pMember:
		p.member = v.text
	case pSession:
		p.session = v.text
	case pStore:
		p.store = v.text
	case pChain:
		p.chain = v.text
	case pScenario:
		p.scenario = v.text
	case pProducts:
		return appendID(&p.products, info, v)
	case pExclude:
		return appendID(&p.exclude, info, v)
	case pBasket:
		return appendID(&p.basket, info, v)
	case pAfter:
		p.after = v.text
	case pRecommID:
		p.recommID = v.text
	}
	return nil
}

func appendID(list *[]string, info *paramInfo, v value) *Problem {
	if len(*list) == maxList {
		return badValue(info, v, "expected at most "+strconv.Itoa(maxList)+" ids")
	}
	*list = append(*list, v.text)
	return nil
}

func (p *params) assignFlag(one param, info *paramInfo, v value) *Problem {
	on := v.form == jsonTrue || v.form == inQuery && v.text == "true"
	off := v.form == jsonFalse || v.form == inQuery && v.text == "false"
	if !on && !off {
		return badValue(info, v, "expected true or false")
	}
	switch one {
	case pExplain:
		p.explain = on
	case pValidateOnly:
		p.validateOnly = on
	case pDigest:
		p.digest = on
	case pActive:
		p.active = on
	case pPublish:
		p.publish = on
	case pValues:
		p.values = on
	}
	return nil
}

func (p *params) assignWord(one param, info *paramInfo, v value) *Problem {
	if !v.textual() || !isChoice(info.words, v.text) {
		return badValue(info, v, "expected one of "+strings.ReplaceAll(info.words, "|", ", "))
	}
	switch one {
	case pWindow:
		p.window = v.text
	case pLogic:
		p.logic = v.text
	case pWait:
		p.wait = v.text
	case pChannel:
		p.channel = v.text
	case pFormat:
		p.format = v.text
	case pDepth:
		p.depth = v.text
	}
	return nil
}

func isChoice(words, text string) bool {
	for words != "" {
		var word string
		word, words, _ = strings.Cut(words, "|")
		if word == text {
			return true
		}
	}
	return false
}

// require gives the problem that a parameter of the set is missing.
func (p *params) require(wanted param) *Problem {
	missing := wanted &^ p.set
	if missing == 0 {
		return nil
	}
	one := missing & -missing
	return fault(badParameter, "the parameter "+one.info().name+" is missing", "/"+one.info().name, "expected a value")
}

func badValue(info *paramInfo, v value, expected string) *Problem {
	pointer := "/" + info.name
	if v.inList {
		pointer += "/" + strconv.Itoa(v.at)
	}
	return fault(badParameter, "the parameter "+info.name+" is not valid", pointer, expected)
}

// validID says whether text can be the id of anything.
func validID(text string) bool {
	if text == "" || len(text) > event.MaxID {
		return false
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c > '~' {
			return printable(text[i:])
		}
	}
	return true
}

func printable(text string) bool {
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			return false
		}
		text = text[n:]
	}
	return true
}

// clip keeps what a stranger wrote from filling a log line or an answer.
func clip(text string) string {
	if len(text) <= 64 {
		return text
	}
	return strings.ToValidUTF8(text[:64], "") + "…"
}

// pointerToken escapes one step of a JSON pointer.
func pointerToken(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
