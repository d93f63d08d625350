package event

// typeNames lists the types for an error that says which there are.
const typeNames = "receipt, view, cart, scan, product.upserted, product.deleted, stock.changed, " +
	"member.upserted, member.erased, member.merged, member.identified, signal"

// String returns the type's name on the wire, or "unknown".
func (t Type) String() string {
	switch t {
	case TypeReceipt:
		return "receipt"
	case TypeView:
		return "view"
	case TypeCart:
		return "cart"
	case TypeScan:
		return "scan"
	case TypeProductUpserted:
		return "product.upserted"
	case TypeProductDeleted:
		return "product.deleted"
	case TypeStockChanged:
		return "stock.changed"
	case TypeMemberUpserted:
		return "member.upserted"
	case TypeMemberErased:
		return "member.erased"
	case TypeMemberMerged:
		return "member.merged"
	case TypeMemberIdentified:
		return "member.identified"
	case TypeSignal:
		return "signal"
	}
	return "unknown"
}

// ParseType returns the type with the given name on the wire, and whether
// there is one.
func ParseType(name string) (Type, bool) {
	switch name {
	case "receipt":
		return TypeReceipt, true
	case "view":
		return TypeView, true
	case "cart":
		return TypeCart, true
	case "scan":
		return TypeScan, true
	case "product.upserted":
		return TypeProductUpserted, true
	case "product.deleted":
		return TypeProductDeleted, true
	case "stock.changed":
		return TypeStockChanged, true
	case "member.upserted":
		return TypeMemberUpserted, true
	case "member.erased":
		return TypeMemberErased, true
	case "member.merged":
		return TypeMemberMerged, true
	case "member.identified":
		return TypeMemberIdentified, true
	case "signal":
		return TypeSignal, true
	}
	return 0, false
}

// typeOf returns the type that a body belongs to, zero for nil.
func typeOf(b Body) Type {
	switch b.(type) {
	case *Receipt:
		return TypeReceipt
	case *View:
		return TypeView
	case *Cart:
		return TypeCart
	case *Scanned:
		return TypeScan
	case *Product:
		return TypeProductUpserted
	case *ProductDeleted:
		return TypeProductDeleted
	case *Stock:
		return TypeStockChanged
	case *Member:
		return TypeMemberUpserted
	case *MemberErased:
		return TypeMemberErased
	case *MemberMerged:
		return TypeMemberMerged
	case *MemberIdentified:
		return TypeMemberIdentified
	case *Signal:
		return TypeSignal
	}
	return 0
}

// String returns the action's name on the wire, or "unknown".
func (a Action) String() string {
	switch a {
	case ActionAdd:
		return "add"
	case ActionRemove:
		return "remove"
	case ActionSet:
		return "set"
	}
	return "unknown"
}

// ParseAction returns the action with the given name on the wire, and whether
// there is one.
func ParseAction(name string) (Action, bool) {
	switch name {
	case "add":
		return ActionAdd, true
	case "remove":
		return ActionRemove, true
	case "set":
		return ActionSet, true
	}
	return 0, false
}

// String returns the availability's name on the wire, or "unknown".
func (a Availability) String() string {
	switch a {
	case InStock:
		return "InStock"
	case LimitedAvailability:
		return "LimitedAvailability"
	case OutOfStock:
		return "OutOfStock"
	}
	return "unknown"
}

// ParseAvailability returns the availability with the given name on the wire,
// and whether there is one.
func ParseAvailability(name string) (Availability, bool) {
	switch name {
	case "InStock":
		return InStock, true
	case "LimitedAvailability":
		return LimitedAvailability, true
	case "OutOfStock":
		return OutOfStock, true
	}
	return 0, false
}
