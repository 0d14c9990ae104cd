package signature

import (
	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/service"
)

// requestMistakes are those that a request shows without a key.
var requestMistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{
			id:      inspect.ContentLengthWrong,
			summary: "Content-Length is not the number of bytes of the body",
			means:   "Content-Length has to be the number of bytes of the body: the service reads so many, and checks the signature over those.",
			fix:     "Count bytes, not characters, and count after the body has its last change. Where the HTTP library counts, leave the header to it.",
			php:     "mb_strlen() counts characters; use strlen(), or leave the header to curl.",
			python:  "len() of a str counts characters; use len(body) of the bytes, or leave the header to the library.",
			ruby:    "length counts characters; use bytesize, or leave the header to Net::HTTP.",
			node:    "xml.length counts UTF-16 units; use Buffer.byteLength(xml).",
			perl:    "length of a decoded string counts characters; encode first, or leave the header to LWP.",
		},
		{
			id:      inspect.ContentLengthMissing,
			summary: "Content-Length is missing",
			means:   "The request has no Content-Length, and the service wants one.",
			fix:     "Send Content-Length with the number of bytes of the body.",
			php:     "a request that is written to fsockopen() by hand needs the header; curl sends it by itself for CURLOPT_POSTFIELDS.",
			python:  "http.client sends it by itself for bytes, not for a file or a generator; give it the bytes.",
			ruby:    "body_stream has no length of its own; set request.body to the string.",
			node:    "set the header Content-Length to Buffer.byteLength(xml).",
			perl:    "a request that is printed to a socket by hand needs the header; LWP sends it by itself for content.",
		},
		{
			id:      inspect.ChunkedBody,
			summary: "the body is sent in chunks",
			means:   "The body comes with Transfer-Encoding: chunked. The service wants it in one piece, with Content-Length.",
			fix:     "Send the body in one piece, with Content-Length.",
			php:     "CURLOPT_READFUNCTION and CURLOPT_UPLOAD without a size send chunks; use CURLOPT_POSTFIELDS.",
			python:  "requests and http.client send chunks for a generator or a file of unknown size; give them the bytes.",
			ruby:    "body_stream with Transfer-Encoding sends chunks; set request.body to the string.",
			node:    "http.request sends chunks where write() is called and no Content-Length was set; set it to Buffer.byteLength(xml).",
			perl:    "LWP sends chunks where content is a code reference; give it the string.",
		},
		{
			id:      inspect.WrongContentType,
			summary: "Content-Type is not text/xml",
			means:   "Content-Type has to be text/xml.",
			fix:     "Send Content-Type: text/xml.",
			php:     "curl says application/x-www-form-urlencoded unless CURLOPT_HTTPHEADER has 'Content-Type: text/xml'.",
			python:  "urllib says application/x-www-form-urlencoded, requests says nothing; set headers={'Content-Type': 'text/xml'}.",
			ruby:    "Net::HTTP says application/x-www-form-urlencoded; set request['Content-Type'] = 'text/xml'.",
			node:    "http.request says nothing by itself; set headers: {'Content-Type': 'text/xml'}.",
			perl:    "LWP's post() says application/x-www-form-urlencoded; set Content_Type => 'text/xml'.",
		},
		{
			id:      inspect.HeaderMissing,
			summary: "a header of the call is missing",
			means:   "A call needs the headers X-Username and X-Signature, each with a value.",
			fix:     "Send X-Username with the reseller's username and X-Signature with the signature.",
			php:     "CURLOPT_HTTPHEADER takes a list of \"Name: value\" and no map: with 'X-Username' => $user the name gets lost.",
			python:  "pass them as headers=, not as data= or params=; and look for a redirect or a proxy that drops them.",
			ruby:    "set request['X-Username'] and request['X-Signature'] on the request that is sent, not on the connection.",
			node:    "they belong into the headers of the options, not next to them.",
			perl:    "set them with $request->header(...) before the request is sent.",
		},
		{
			id:      inspect.HeaderName,
			summary: "a header of the call has another name",
			means:   "A header that seems to be meant for the call has another name.",
			fix:     "Spell the names X-Username and X-Signature, with a dash, and with nothing between the name and the colon.",
			php:     "HTTP_X_USERNAME is how $_SERVER names it on the receiving side; a client writes X-Username.",
			python:  "a keyword argument can't have a dash; use a dict: {'X-Username': username}.",
			ruby:    "a symbol :x_username keeps its underscore in many libraries; use the string 'X-Username'.",
			node:    "x_username is another header; quote the property: 'X-Username'.",
			perl:    "a bare X_Username becomes X-Username in HTTP::Headers only; quote 'X-Username' elsewhere.",
		},
		{
			id:      inspect.WrongMethod,
			summary: "the method is not POST",
			means:   "The call is a POST.",
			fix:     "Send it as POST. A redirect turns a POST into a GET in many libraries: look at the URL too.",
			php:     "curl sends GET unless CURLOPT_POST or CURLOPT_POSTFIELDS is set, file_get_contents() unless its context says 'method' => 'POST'.",
			python:  "urllib sends GET unless data is given; use requests.post or data=body.",
			ruby:    "use Net::HTTP::Post.",
			node:    "http.request sends GET unless the options say method: 'POST'.",
			perl:    "use $agent->post or HTTP::Request->new(POST => ...).",
		},
		{
			id:      inspect.WrongPath,
			summary: "the path is not /",
			means:   "The call goes to the path /, with nothing after it.",
			fix: "Call https://" + service.OpenSRS.Endpoint(service.OpenSRS.Live) + "/ or https://" +
				service.OpenSRS.Endpoint(service.OpenSRS.Test) + "/, with no path and no query after the slash.",
		},
	}
}}
