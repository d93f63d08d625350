package files

import "strings"

// synonym lists the names that a column of a field goes by, the likeliest
// first, written as plainName leaves them.
type synonym struct {
	field field
	names string
}

// synonyms returns the fields of a kind of file.
func synonyms(kind Kind) []synonym {
	product := synonym{fieldProduct, "product productid productno productnumber productcode stockcode sku item itemid itemno itemnumber itemcode " +
		"article articleid articleno articlenumber articlecode ean ean13 gtin upc plu barcode materialnumber " +
		"vare varenr varenummer artikel artikelnr artikelnummer tuote produit"}
	member := synonym{fieldMember, "member memberid memberno membernumber customer customerid customerno customernumber custid " +
		"household householdid householdkey loyaltyid loyaltycard cardid cardno cardnumber user userid client clientid " +
		"kunde kundenr kundenummer medlem medlemsnr medlemsnummer kundnr kundnummer asiakas"}
	price := synonym{fieldPrice, "price unitprice itemprice retailprice salesprice sellingprice listprice pris preis stykpris styckpris prix"}
	currency := synonym{fieldCurrency, "currency currencycode valuta"}
	switch kind {
	case Receipts:
		product.names += " itemdescription itemname productname description"
		return []synonym{product, member, price, currency,
			{fieldTS, "ts timestamp datetime eventtime transactiontime transactiontimestamp transactiondatetime invoicetimestamp soldat purchasedat createdat"},
			{fieldDate, "date invoicedate transactiondate transdate purchasedate orderdate receiptdate saledate salesdate shopdate businessdate day dato datum"},
			{fieldTime, "time timeofday transtime invoicetime purchasetime ordertime receipttime saletime clock tid klokkeslett klokkeslaet zeit uhrzeit"},
			{fieldStore, "store storeid storeno storenumber storecode shop shopid outlet outletid branch branchid branchno site siteid location locationid " +
				"butik butikk butiknr butikknr filiale filial kauppa magasin"},
			{fieldChain, "chain chainid banner bannerid kjede kaede kedja"},
			{fieldTill, "till tillid tillno register registerid registerno pos posid terminal terminalid lane laneno checkout kasse kassenr kassa"},
			{fieldReceipt, "receipt receiptid receiptno receiptnumber invoice invoiceid invoiceno invoicenumber transaction transactionid transactionno " +
				"transactionnumber transid order orderid orderno ordernumber basket basketid ticket ticketid ticketno ticketnumber bill billid billno " +
				"bon bonid bonnr kvittering kvitteringnr kvitto kvittonr kuitti"},
			{fieldSession, "session sessionid"},
			{fieldQty, "qty quantity units count pieces antal antall anzahl menge stk kpl quantite"},
			{fieldTotal, "total linetotal linevalue lineamount salesvalue netamount"},
			{fieldDiscount, "discount linediscount rabat rabatt alennus"},
			{fieldOffer, "offer offerid promotion promotionid promo promoid coupon couponid tilbud"},
			{fieldReturn, "return isreturn returned refund isrefund"},
		}
	case Products:
		return []synonym{product, price, currency,
			{fieldName, "name productname itemname title description productdescription itemdescription varenavn produktnavn artikelnavn benaevnelse"},
			{fieldCategory, "category categoryname productcategory commodity commoditydesc subcategory group productgroup kategori varegruppe kategorie"},
			{fieldBrand, "brand brandname manufacturer maerke merke varumarke marke"},
			{fieldImage, "image imageurl imagelink picture photo billede bilde bild"},
		}
	case Offers:
		return offerSynonyms(price, currency)
	case Personal:
		return []synonym{member, offerSynonym(), validFrom(), validThrough(),
			{fieldPrice, "price memberprice offerprice personalprice ownprice unitprice pris medlemspris tilbudspris"},
		}
	case Consents:
		return []synonym{member,
			{fieldChain, "chain chainid banner bannerid kjede kaede kedja"},
			{fieldChannel, "channel medium kanal"},
			{fieldPurpose, "purpose consenttype formaal"},
			{fieldGranted, "granted given consent isgranted status value samtykke"},
			{fieldTS, "ts timestamp datetime time date changedat updatedat createdat grantedat dato datum"},
		}
	case Members:
		return []synonym{member,
			{fieldHome, "homestore homestoreid homeshop store storeid favouritestore favoritestore primarystore hjemmebutik"},
			{fieldChains, "chains chain"},
			{fieldTimezone, "timezone tz tidszone"},
		}
	}
	return nil
}

// offerSynonyms returns the fields of an offers file.
func offerSynonyms(price, currency synonym) []synonym {
	price.names += " normalprice regularprice fullprice beforeprice originalprice normalpris foerpris"
	return []synonym{
		offerSynonym(),
		{fieldName, "name offername title description navn tilbudsnavn"},
		{fieldImage, "image imageurl imagelink picture photo billede bilde bild"},
		{fieldProducts, "products productids items skus articles eans gtins upcs varer varenumre artikler product productid sku item article ean gtin upc vare varenr varenummer"},
		{fieldCategories, "categories category productcategory kategorier kategori varegrupper varegruppe"},
		validFrom(), validThrough(),
		{fieldChains, "chains chain banners banner kjeder kjede kaeder kaede"},
		{fieldStores, "stores store storeids storeid shops shop butikker butik butikk"},
		{fieldAudience, "audience segmentexpression targeting maalgruppe"},
		{fieldMemberPrice, "memberprice offerprice campaignprice clubprice promotionprice discountedprice medlemspris tilbudspris"},
		price, currency,
		{fieldBudgetActivations, "budgetactivations maxactivations activationbudget"},
		{fieldBudgetRedemptions, "budgetredemptions maxredemptions redemptionbudget"},
		{fieldBudgetDiscount, "budgetdiscount maxdiscount discountbudget budget"},
		{fieldMemberActivations, "permemberactivations activationspermember maxactivationspermember"},
		{fieldMemberRedemptions, "permemberredemptions redemptionspermember maxredemptionspermember"},
		{fieldPriority, "priority prioritet"},
		{fieldMargin, "margin avance"},
		{fieldFunder, "fundedby funder supplier leverandoer"},
	}
}

func offerSynonym() synonym {
	return synonym{fieldOffer, "offer offerid offerno offernumber offercode promotion promotionid promo promoid coupon couponid deal dealid tilbud tilbudid tilbudsnr"}
}

func validFrom() synonym {
	return synonym{fieldValidFrom, "validfrom validfromdate from start startdate startsat starts begin begindate gyldigfra fra startdato"}
}

func validThrough() synonym {
	return synonym{fieldValidThrough, "validthrough validto validuntil validtodate through until to end enddate endsat ends expires expiry expirydate gyldigtil til slutdato"}
}

// plainName returns a column's name in small letters and digits alone, so that
// "Customer ID", "customer_id" and "CustomerID" are one.
func plainName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == 'æ' || r == 'ä':
			b.WriteString("ae")
		case r == 'ø' || r == 'ö':
			b.WriteString("o")
		case r == 'å':
			b.WriteString("a")
		case r == 'é' || r == 'è':
			b.WriteString("e")
		}
	}
	return b.String()
}
