package files

import (
	"strings"
	"testing"
)

func TestFit(t *testing.T) {
	tests := []struct {
		name, header string
		kind         Kind
		maps         map[string]string
		want         string // the kind and its columns, or a part of the error
	}{
		{"our own", "ts,store,receipt,member,product,qty,price", Auto, nil,
			"receipts: product=product member=member price=price ts=ts store=store receipt=receipt qty=qty"},
		{"any order and case", "Price,QTY,Product,Member,Receipt,Store,TS", Auto, nil,
			"receipts: product=Product member=Member price=Price ts=TS store=Store receipt=Receipt qty=QTY"},
		{"a gift shop's", "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country", Auto, nil,
			"receipts: product=StockCode member=Customer ID price=Price date=InvoiceDate receipt=Invoice qty=Quantity; not used: Description, Country"},
		{"a bakery's", "Date,Time,Transaction,Item", Auto, nil, "receipts: product=Item date=Date time=Time receipt=Transaction"},
		{"no receipt number", "Member_number,Date,itemDescription", Auto, nil, "receipts: product=itemDescription member=Member_number date=Date"},
		{"Danish", "Dato;Kl;Butik;Bonnr;Varenummer;Antal;Pris", Auto, map[string]string{"time": "kl"},
			"receipts: product=Varenummer price=Pris date=Dato time=Kl store=Butik receipt=Bonnr qty=Antal"},
		{"mapped", "a,b,c", Auto, map[string]string{"ts": "a", "receipt": "B", "product": "c"}, "receipts: product=c ts=a receipt=b"},
		{"products", "product,name,category,department,brand", Auto, nil, "products: product=product name=name category=category brand=brand; attributes: department"},
		{"members", "member,age,homeStore", Auto, nil, "members: member=member homeStore=homeStore; attributes: age"},
		{"offers", "offer,name,products,categories,valid_from,valid_through,chains,stores,price,member_price,budget_activations,theme", Auto, nil,
			"offers: offer=offer name=name products=products categories=categories validFrom=valid_from validThrough=valid_through chains=chains stores=stores " +
				"memberPrice=member_price price=price budgetActivations=budget_activations; attributes: theme"},
		{"offers in Danish", "Tilbudsnr;Navn;Varenr;Gyldig fra;Gyldig til;Medlemspris", Auto, nil,
			"offers: offer=Tilbudsnr name=Navn products=Varenr validFrom=Gyldig fra validThrough=Gyldig til memberPrice=Medlemspris"},
		{"products that are in an offer", "product,name,category,offer", Auto, nil, "products: product=product name=name category=category; attributes: offer"},
		{"such offers, given", "product,name,category,offer", Offers, nil, "offers: offer=offer name=name products=product categories=category"},
		{"offers mapped", "a,b,c", Auto, map[string]string{"offer": "a", "validThrough": "c"}, "offers: offer=a validThrough=c; attributes: b"},
		{"members' own offers", "customer,offer,valid_through,price,batch", Auto, nil, "personal: member=customer offer=offer validThrough=valid_through price=price; not used: batch"},
		{"members with a pet offer", "member,home_store,offer", Auto, nil, "members: member=member homeStore=home_store; attributes: offer"},
		{"consents", "customer,chain,channel,purpose,granted,ts,by", Auto, nil,
			"consents: member=customer chain=chain channel=channel purpose=purpose granted=granted ts=ts; not used: by"},
		{"products mapped", "code,text", Auto, map[string]string{"product": "code", "name": "text"}, "products: product=code name=text"},
		{"given kind", "customer,product", Members, nil, "members: member=customer; attributes: product"},

		{"no time", "receipt,product", Auto, nil, "has no column with the time for receipts"},
		{"sums, not receipts", "date,product,price,qty", Auto, nil, "has no column with the receipt's number, nor one with the member"},
		{"unknown names", "a,b,c", Auto, nil, "its columns are a, b, c. Say which is which, for example --map ts=Date,receipt=Invoice,product=Item"},
		{"no such column", "ts,receipt,product", Auto, map[string]string{"qty": "number"}, `--map qty=number: there is no column "number"; there are ts, receipt, product`},
		{"no such field", "ts,receipt,product", Receipts, map[string]string{"colour": "ts"}, `receipts have no "colour"; they have product, member, price`},
		{"lacks the purpose", "member,granted", Consents, nil, "has no column with the consent's purpose for consents"},
		{"lacks the price", "member,offer", Personal, nil, "has no column with a price or a term for personal"},
		{"lacks the offer", "name,valid_from", Offers, nil, "has no column with the offer for offers"},
		{"lacks for the kind", "ts,receipt", Products, nil, "has no column with the product for products"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ask{kind: tt.kind, maps: tt.maps}
			c, err := a.fit(strings.FieldsFunc(tt.header, func(r rune) bool { return r == ',' || r == ';' }))
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want %s", err, tt.want)
				}
				return
			}
			if got := string(c.kind) + ": " + c.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// FuzzHeader asks of any first lines that what is found in them fits them.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"ts,store,receipt,product\n2026-01-01,1,2,3\n", "a;b\n1;2\n", "{\"product\":1,\"name\":\"x\"}\n", "\"a\"\"b\"|c\n", "Dato\tBon\tVare\n1/2/2026\t1\t2\n",
		"offer,valid_to\no,1/2/2026\n", "member,purpose,granted,ts\nm,marketing,1,2026-01-01\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var read tally
		s, err := openStream("fuzz", strings.NewReader(text), &ask{}, &read.read)
		if err != nil {
			return
		}
		defer s.close()
		l, err := s.learn("", zoneOf(t, "UTC"))
		if err != nil || l.events {
			return
		}
		for field, i := range l.columns.at {
			if i < 0 || i >= len(l.columns.names) {
				t.Fatalf("%s in column %d of %d", field, i, len(l.columns.names))
			}
		}
		if lack := l.columns.lack(); lack != "" {
			t.Fatal(lack)
		}
	})
}
