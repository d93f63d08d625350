package event

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the event in its outer form to dst, as one line of
// CloudEvents JSON without a line end, and returns it. Scan reads it back to
// an equal event if ev passes Validate. What an event may leave out is left
// out; prices that are not known too.
func (ev *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"specversion":"1.0"`...)
	dst = appendField(dst, "id", ev.ID)
	dst = appendField(dst, "source", ev.Source)
	dst = appendField(dst, "type", ev.Type.String())
	if ev.Time != 0 {
		dst = append(dst, `,"time":"`...)
		dst = append(ev.Time.Time().AppendFormat(dst, time.RFC3339Nano), '"')
	}
	dst = append(dst, `,"data":{`...)
	start := len(dst)
	dst = appendField(dst, "store", ev.Store)
	dst = appendField(dst, "chain", ev.Chain)
	dst = appendField(dst, "session", ev.SessionID)
	dst = appendField(dst, "member", ev.MemberID)
	dst = appendBodyJSON(dst, ev.Body)
	if len(dst) > start { // every field brought its comma
		dst = append(dst[:start], dst[start+1:]...)
	}
	return append(dst, "}}"...)
}

func appendBodyJSON(dst []byte, body Body) []byte {
	switch b := body.(type) {
	case *Receipt:
		dst = appendField(dst, "currency", b.Currency)
		dst = appendField(dst, "original", b.OriginalID)
		return appendLinesJSON(dst, b.Lines)
	case *View:
		return appendField(appendField(dst, "product", b.Product), "recommId", b.RecommID)
	case *Cart:
		dst = appendField(dst, "cart", b.CartID)
		return appendLinesJSON(appendField(dst, "action", b.Action.String()), b.Lines)
	case *Scanned:
		return appendField(appendField(dst, "product", b.Product), "action", b.Action.String())
	case *Product:
		dst = appendField(appendField(dst, "product", b.Product), "name", b.Name)
		dst = appendField(appendField(dst, "category", b.Category), "brand", b.Brand)
		dst = appendField(appendField(dst, "image", b.Image), "currency", b.Currency)
		return appendAttributesJSON(appendNumberField(dst, "price", b.Price), b.Attributes)
	case *ProductDeleted:
		return appendField(dst, "product", b.Product)
	case *Stock:
		return appendField(appendField(dst, "product", b.Product), "availability", b.Availability.String())
	case *Member:
		dst = appendTextsJSON(appendField(dst, "homeStore", b.HomeStore), "chains", b.Chains)
		return appendAttributesJSON(appendField(dst, "timezone", b.Timezone), b.Attributes)
	case *MemberMerged:
		return appendField(dst, "into", b.IntoID)
	case *Signal:
		dst = appendNumberField(appendField(dst, "product", b.Product), "weight", b.Weight)
		return appendField(dst, "source", b.From)
	}
	return appendOfferJSON(dst, body)
}

func appendLinesJSON(dst []byte, lines []Line) []byte {
	dst = append(dst, `,"lines":[`...)
	for i := range lines {
		l := &lines[i]
		dst = append(dst, `{"product":`...)
		dst = appendQuoted(dst, l.Product)
		if l.Qty != 1 {
			dst = appendNumberField(dst, "qty", l.Qty)
		}
		dst = appendNumberField(dst, "price", l.Price)
		if math.Float64bits(l.Discount) != 0 {
			dst = appendNumberField(dst, "discount", l.Discount)
		}
		dst = appendField(dst, "offer", l.Offer)
		if l.Return {
			dst = append(dst, `,"return":true`...)
		}
		dst = append(dst, "},"...)
	}
	return closeList(dst, len(lines), ']')
}

// appendTextsJSON appends a comma and the field, or nothing for no texts.
func appendTextsJSON(dst []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for _, s := range texts {
		dst = append(appendQuoted(dst, s), ',')
	}
	return closeList(dst, len(texts), ']')
}

func appendAttributesJSON(dst []byte, attributes []Attribute) []byte {
	if len(attributes) == 0 {
		return dst
	}
	dst = append(dst, `,"attributes":{`...)
	for i := range attributes {
		a := &attributes[i]
		dst = append(appendQuoted(dst, a.Name), ':')
		switch a.Value.Kind {
		case KindNumber:
			dst = appendNumberJSON(dst, a.Value.Num)
		case KindBool:
			dst = strconv.AppendBool(dst, a.Value.Num != 0)
		default:
			dst = appendQuoted(dst, a.Value.Text)
		}
		dst = append(dst, ',')
	}
	return closeList(dst, len(attributes), '}')
}

// closeList puts the bracket in place of the last element's comma.
func closeList(dst []byte, elements int, bracket byte) []byte {
	if elements > 0 {
		dst = dst[:len(dst)-1]
	}
	return append(dst, bracket)
}

// appendField appends a comma and the field, or nothing for an empty value.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendQuoted(appendName(dst, name), value)
}

// appendNumberField appends a comma and the field, or nothing for NaN.
func appendNumberField(dst []byte, name string, value float64) []byte {
	if math.IsNaN(value) {
		return dst
	}
	return appendNumberJSON(appendName(dst, name), value)
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// appendNumberJSON writes the shortest decimal that reads back to v, without
// an exponent where a person would not write one.
func appendNumberJSON(dst []byte, v float64) []byte {
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendQuoted writes s as a JSON string; bytes that are no UTF-8 become the
// replacement character.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r < utf8.RuneSelf:
			dst = append(dst, s[i])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
