package event

// typeNames lists the types for an error that says which there are.
const typeNames = "receipt, view, cart, scan, product.upserted, product.deleted, stock.changed, " +
	"member.upserted, member.erased, member.merged, member.identified, signal, " +
	"offer.upserted, offer.withdrawn, offer.personalised, offer.activated, offer.deactivated, offer.redeemed, " +
	"impression, consent.changed, scenario.changed"

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
	case TypeOfferUpserted:
		return "offer.upserted"
	case TypeOfferWithdrawn:
		return "offer.withdrawn"
	case TypeOfferPersonal:
		return "offer.personalised"
	case TypeOfferActivated:
		return "offer.activated"
	case TypeOfferDeactivated:
		return "offer.deactivated"
	case TypeOfferRedeemed:
		return "offer.redeemed"
	case TypeImpression:
		return "impression"
	case TypeConsentChanged:
		return "consent.changed"
	case TypeScenarioChanged:
		return "scenario.changed"
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
	case "offer.upserted":
		return TypeOfferUpserted, true
	case "offer.withdrawn":
		return TypeOfferWithdrawn, true
	case "offer.personalised":
		return TypeOfferPersonal, true
	case "offer.activated":
		return TypeOfferActivated, true
	case "offer.deactivated":
		return TypeOfferDeactivated, true
	case "offer.redeemed":
		return TypeOfferRedeemed, true
	case "impression":
		return TypeImpression, true
	case "consent.changed":
		return TypeConsentChanged, true
	case "scenario.changed":
		return TypeScenarioChanged, true
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
	case *Offer:
		return TypeOfferUpserted
	case *OfferWithdrawn:
		return TypeOfferWithdrawn
	case *OfferPersonal:
		return TypeOfferPersonal
	case *OfferActivated:
		return TypeOfferActivated
	case *OfferDeactivated:
		return TypeOfferDeactivated
	case *OfferRedeemed:
		return TypeOfferRedeemed
	case *Impression:
		return TypeImpression
	case *Consent:
		return TypeConsentChanged
	case *Scenario:
		return TypeScenarioChanged
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

// String returns the purpose's name on the wire, or "unknown".
func (p Purpose) String() string {
	switch p {
	case Personalisation:
		return "personalisation"
	case Marketing:
		return "marketing"
	}
	return "unknown"
}

// ParsePurpose returns the purpose with the given name on the wire, and
// whether there is one.
func ParsePurpose(name string) (Purpose, bool) {
	switch name {
	case "personalisation":
		return Personalisation, true
	case "marketing":
		return Marketing, true
	}
	return 0, false
}
