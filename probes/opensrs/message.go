package opensrs

import (
	"strconv"
	"strings"
)

// GetBalanceBody gives the request that the diagnosis sends: GET_BALANCE needs a valid signature and an
// allowed address, and changes nothing.
func GetBalanceBody() []byte {
	return Encode(Value{Shape: Assoc, Items: []Item{
		{"protocol", TextOf("XCP")},
		{"action", TextOf("GET_BALANCE")},
		{"object", TextOf("BALANCE")},
		{"attributes", Value{Shape: Assoc}},
	}})
}

// Request is what a client asked for.
type Request struct {
	Protocol   string // "XCP"
	Action     string // upper case
	Object     string // upper case
	Attributes Value
}

// ParseRequest reads a client's request. An envelope without an action is not a request: ErrNotEnvelope.
// Errors else as of Decode.
func ParseRequest(body []byte) (Request, error) {
	tree, err := Decode(body)
	if err != nil {
		return Request{}, err
	}
	request := Request{
		Protocol: strings.ToUpper(strings.TrimSpace(tree.TextAt("protocol"))),
		Action:   strings.ToUpper(strings.TrimSpace(tree.TextAt("action"))),
		Object:   strings.ToUpper(strings.TrimSpace(tree.TextAt("object"))),
	}
	request.Attributes, _ = tree.Get("attributes")
	if request.Action == "" {
		return Request{}, ErrNotEnvelope
	}
	return request, nil
}

// Reply is what the service answered.
type Reply struct {
	Protocol string // "XCP"
	Action   string // "REPLY"
	Object   string
	Success  bool
	Code     string // response_code, trimmed; "" where there is none
	Text     string // response_text, trimmed

	// Balances are the values of balance, hold_balance and the like. They are here for one purpose: to be
	// registered with what takes secrets out of text. Never print them.
	Balances []string
}

// ParseReply reads a reply. One without response_code and is_success is none: ErrNotEnvelope. Errors
// else as of Decode.
func ParseReply(body []byte) (Reply, error) {
	tree, err := Decode(body)
	if err != nil {
		return Reply{}, err
	}
	success, hasSuccess := tree.Get("is_success")
	_, hasCode := tree.Get("response_code")
	if !hasSuccess && !hasCode {
		return Reply{}, ErrNotEnvelope
	}
	reply := Reply{
		Protocol: strings.TrimSpace(tree.TextAt("protocol")),
		Action:   strings.TrimSpace(tree.TextAt("action")),
		Object:   strings.TrimSpace(tree.TextAt("object")),
		Code:     strings.TrimSpace(tree.TextAt("response_code")),
		Text:     strings.TrimSpace(tree.TextAt("response_text")),
		Balances: balances(tree, nil),
	}
	switch strings.ToLower(strings.TrimSpace(success.Text)) {
	case "1", "true", "yes":
		reply.Success = true
	case "":
		// Left out or left empty: codes from 200 to 299 are those of success.
		code, err := strconv.Atoi(reply.Code)
		reply.Success = err == nil && 200 <= code && code < 300
	}
	return reply, nil
}

func balances(value Value, found []string) []string {
	for _, item := range value.Items {
		text := strings.TrimSpace(item.Value.Text)
		if strings.Contains(strings.ToLower(item.Key), "balance") && text != "" {
			found = append(found, text)
		}
		found = balances(item.Value, found)
	}
	return found
}

// EncodeReply writes a reply as the service does. The action of every real one is "REPLY"; the zero Value means
// no attributes. more are items next to them.
func EncodeReply(code int, text string, success bool, action, object string, attributes Value, more ...Item) []byte {
	isSuccess := "0"
	if success {
		isSuccess = "1"
	}
	tree := Value{Shape: Assoc, Items: []Item{
		{"protocol", TextOf("XCP")},
		{"action", TextOf(action)},
		{"object", TextOf(object)},
		{"is_success", TextOf(isSuccess)},
		{"response_code", TextOf(strconv.Itoa(code))},
		{"response_text", TextOf(text)},
	}}
	tree.Items = append(tree.Items, more...)
	if attributes.Shape != Text {
		tree.Items = append(tree.Items, Item{"attributes", attributes})
	}
	return Encode(tree)
}
