package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// verb is a command that the sandbox answers.
type verb struct {
	action  string
	objects []string
	answer  func(*inspection, opensrs.Request) *reply
}

// The read-only commands that clients and modules begin with. What they are asked and what they answer:
// domains.opensrs.guide/docs, the page of each.
var verbs = []verb{
	{"GET_BALANCE", []string{"BALANCE", "DOMAIN"}, (*inspection).balance},
	{"LOOKUP", []string{"DOMAIN"}, (*inspection).lookup},
	{"NAME_SUGGEST", []string{"DOMAIN"}, (*inspection).suggest},
	{"GET_PRICE", []string{"DOMAIN"}, (*inspection).price},
	{"GET", []string{"DOMAIN"}, (*inspection).domain},
	{"GET_DOMAINS_BY_EXPIREDATE", []string{"DOMAIN"}, (*inspection).expiring},
}

// run answers a request whose user, signature and address are right.
func (i *inspection) run(request opensrs.Request) *reply {
	for _, verb := range verbs {
		if verb.action == request.Action && slices.Contains(verb.objects, request.Object) {
			i.Command = verb.action
			r := verb.answer(i, request)
			i.Dummy = r.code == codeOK && slices.Contains(observed.Dummies, verb.action)
			return r
		}
	}
	i.Command = "other"
	i.problem(observed.UnknownCommand)
	return refusal(codeUnknown, "Unsupported action or object")
}

// Texts of replies.
const (
	successful      = "Command successful"
	successfulDummy = "Command successful; dummy values of a sandbox"
)

// Dummy values. Domains are of the reserved .example; no registration lasts from the one date to the other.
const (
	dummyDomain  = "dummy.example"
	dummyPrice   = "99999.99"
	dummyCreated = "1970-01-01 00:00:00"
	dummyExpires = "2099-12-31 23:59:59"
)

// dummies is a reply with dummy values.
func dummies(attributes opensrs.Value, more ...opensrs.Item) *reply {
	return envelope(codeOK, successfulDummy, true, "DOMAIN", attributes, more...)
}

// attribute refuses a request over one of its attributes.
func (i *inspection) attribute(what string) *reply {
	i.Problems = append(i.Problems, observed.Problem{ID: observed.Attribute, Detail: what})
	return refusal(codeBad, "Invalid Command: "+what)
}

func (i *inspection) balance(request opensrs.Request) *reply {
	return envelope(codeOK, successful, true, request.Object,
		opensrs.AssocOf(map[string]string{"balance": Balance, "hold_balance": HoldBalance}))
}

// lookup answers LOOKUP of a domain.
func (i *inspection) lookup(request opensrs.Request) *reply {
	asked := request.Attributes
	name, is := domainIn(asked)
	if !is {
		i.problem(observed.NoDomain)
		return refusal(codeBad, "Invalid Command: attribute domain is not a domain name")
	}
	status := statusOf(name)
	code, text := codeAvailable, "Domain available"
	if status == taken {
		code, text = codeTaken, "Domain taken"
	}
	return envelope(code, text, true, "DOMAIN", opensrs.AssocOf(map[string]string{"status": status}))
}

// domainIn is the attribute domain; false where it is not a domain name.
func domainIn(asked opensrs.Value) (name string, is bool) {
	name = strings.TrimSuffix(strings.ToLower(textIn(asked, "domain")), ".")
	first, rest, dotted := strings.Cut(name, ".")
	return name, dotted && first != "" && rest != ""
}

func textIn(asked opensrs.Value, key string) string {
	value, _ := asked.Get(key)
	return strings.TrimSpace(value.Text)
}

// Statuses of a name.
const taken, available = "taken", "available"

// statusOf is taken where the first label holds "taken", and for example.com, example.net and example.org.
func statusOf(name string) string {
	first, _, _ := strings.Cut(name, ".")
	if strings.Contains(first, "taken") || slices.Contains(wellKnown, name) {
		return taken
	}
	return available
}

// maxNames bounds the names in one reply.
const maxNames = 100

// suggest answers NAME_SUGGEST: under lookup the name that was asked for, as LOOKUP sees it, in each top-level
// domain that was asked for; under suggestion dummies. Services besides these two are left out.
func (i *inspection) suggest(request opensrs.Request) *reply {
	asked := request.Attributes
	search := textIn(asked, "searchstring")
	if search == "" {
		return i.attribute("searchstring is missing")
	}
	tlds := textsIn(asked, "tlds")
	if len(tlds) == 0 {
		tlds = []string{".com", ".net", ".org"}
	}
	label, _, _ := strings.Cut(strings.ToLower(search), ".")
	label = strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) {
			return r
		}
		return -1
	}, label)
	var found []opensrs.Value
	for _, tld := range tlds[:min(len(tlds), maxNames)] {
		name := cmp.Or(label, "dummy") + "." + strings.ToLower(strings.TrimPrefix(tld, "."))
		found = append(found, nameItem(name, statusOf(name)))
	}
	services := textsIn(asked, "services")
	attributes := opensrs.Value{Shape: opensrs.Assoc}
	for _, service := range []struct {
		name  string
		items []opensrs.Value
	}{
		{"lookup", found},
		{"suggestion", []opensrs.Value{nameItem("dummy-1.example", available), nameItem("dummy-2.example", available)}},
	} {
		if len(services) > 0 && !slices.Contains(services, service.name) {
			continue
		}
		section := opensrs.AssocOf(map[string]string{"is_success": "1", "response_code": "200",
			"response_text": successfulDummy, "count": decimal(len(service.items))})
		section.Items = append(section.Items, opensrs.Item{Key: "items", Value: opensrs.ArrayOf(service.items...)})
		attributes.Items = append(attributes.Items, opensrs.Item{Key: service.name, Value: section})
	}
	return dummies(attributes, opensrs.Item{Key: "is_search_completed", Value: opensrs.TextOf("1")})
}

func nameItem(domain, status string) opensrs.Value {
	return opensrs.AssocOf(map[string]string{"domain": domain, "status": status})
}

// textsIn is an attribute that is a list of texts, or one text.
func textsIn(asked opensrs.Value, key string) (texts []string) {
	value, _ := asked.Get(key)
	if value.Shape == opensrs.Text && value.Text != "" {
		return []string{strings.TrimSpace(value.Text)}
	}
	for _, item := range value.Items {
		if text := strings.TrimSpace(item.Value.Text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// price answers GET_PRICE.
func (i *inspection) price(request opensrs.Request) *reply {
	asked := request.Attributes
	if _, is := domainIn(asked); !is {
		i.problem(observed.NoDomain)
		return refusal(codeBad, "Invalid Command: attribute domain is not a domain name")
	}
	return dummies(opensrs.AssocOf(map[string]string{"price": dummyPrice}))
}

// domain answers GET of a domain. Whatever type is asked for, the reply has the attributes of them all. The domain
// is not looked at: a request with a session's cookie need not name it.
func (i *inspection) domain(request opensrs.Request) *reply {
	asked := request.Attributes
	switch textIn(asked, "type") {
	case "":
		return i.attribute("type is missing")
	case "list":
		i.Command = "other"
		i.problem(observed.UnknownCommand)
		return refusal(codeUnknown, "Unsupported action or object")
	}
	contact := opensrs.AssocOf(map[string]string{"first_name": "Dummy", "last_name": "Dummy", "org_name": "Dummy Ltd",
		"email": "dummy@" + dummyDomain, "phone": "+1.5555550100", "fax": "", "address1": "0 Dummy Street", "address2": "",
		"address3": "", "city": "Dummytown", "state": "ON", "postal_code": "M0M 0M0", "country": "CA", "status": "active"})
	contacts := opensrs.Value{Shape: opensrs.Assoc}
	for _, role := range []string{"owner", "admin", "billing", "tech"} {
		contacts.Items = append(contacts.Items, opensrs.Item{Key: role, Value: contact})
	}
	var servers []opensrs.Value
	for n := 1; n <= 2; n++ {
		servers = append(servers, opensrs.AssocOf(map[string]string{
			"name": "ns" + decimal(n) + "." + dummyDomain, "ipaddress": "192.0.2." + decimal(n), "sortorder": decimal(n)}))
	}
	attributes := opensrs.AssocOf(map[string]string{
		"registry_createdate": dummyCreated, "registry_updatedate": dummyCreated, "registry_expiredate": dummyExpires,
		"expiredate": dummyExpires, "auto_renew": "0", "let_expire": "0", "sponsoring_rsp": "1", "affiliate_id": "",
		"domain_auth_info": "dummy", "lock_state": "0", "can_modify": "1", "domain_supports": "1",
		"transfer_away_in_progress": "0", "parkp_status": "", "state": "disabled"})
	attributes.Items = append(attributes.Items, opensrs.Item{Key: "contact_set", Value: contacts},
		opensrs.Item{Key: "nameserver_list", Value: opensrs.ArrayOf(servers...)})
	return dummies(attributes)
}

// expiring answers GET_DOMAINS_BY_EXPIREDATE: there is one domain, on the last day that was asked for.
func (i *inspection) expiring(request opensrs.Request) *reply {
	asked := request.Attributes
	for _, key := range []string{"exp_from", "exp_to"} {
		switch _, err := time.Parse(time.DateOnly, textIn(asked, key)); {
		case textIn(asked, key) == "":
			return i.attribute(key + " is missing")
		case err != nil:
			return i.attribute(key + " is not a date, as in 2026-03-01")
		}
	}
	page := cmp.Or(textIn(asked, "page"), "1")
	var domains []opensrs.Value
	if page == "0" || page == "1" {
		domains = append(domains, opensrs.AssocOf(map[string]string{"name": dummyDomain,
			"expiredate": textIn(asked, "exp_to") + " 23:59:59", "f_auto_renew": "N", "f_let_expire": "N"}))
	}
	attributes := opensrs.AssocOf(map[string]string{"page": page, "remainder": "0", "total": "1"})
	attributes.Items = append(attributes.Items, opensrs.Item{Key: "exp_domains", Value: opensrs.ArrayOf(domains...)})
	return dummies(attributes)
}
