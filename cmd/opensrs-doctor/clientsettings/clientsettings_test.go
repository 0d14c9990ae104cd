package clientsettings

import (
	"fmt"
	"strings"
	"testing"
)

const (
	keyA = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	keyB = "ffeeddccbbaa99887766554433221100"
)

func TestRead(t *testing.T) {
	for name, one := range map[string]struct {
		text, environment string
		want              Settings // without problems
		problems          []string // "line: beginning"
	}{
		"toolkit": {text: "<?php\n# define('OSRS_KEY', 'old');\ndefine('OSRS_USERNAME', 'reseller');\n  define(\"OSRS_KEY\" , \"" + keyA + "\"); // ours\ndefine('OSRS_HOST', 'rr-n1-tor.opensrs.net');\ndefine('OSRS_SSL_PORT', '55443');\ndefine('CRYPT_TYPE', 'tls');\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 4, Host: "rr-n1-tor.opensrs.net", Port: "55443"}},
		"template": {text: "<?php\ndefine('OSRS_USERNAME', 'osrs_username_here');\ndefine('OSRS_KEY', 'osrs_private_key_here');\ndefine('OSRS_HOST','horizon.opensrs.net');\ndefine('CRYPT_TYPE','sslv3');\ndefine('OSRS_SSL_PORT',55000);\n",
			want:     Settings{Username: "osrs_username_here", Key: "osrs_private_key_here", KeyLine: 3, Host: "horizon.opensrs.net", Port: "55000"},
			problems: []string{"2: OSRS_USERNAME is still the placeholder", "3: OSRS_KEY is not an API key: it is still a placeholder", "5: CRYPT_TYPE is sslv3", "6: OSRS_SSL_PORT is 55000"}},
		"block comment": {text: "<?php /* nothing */\n/*\ndefine('OSRS_KEY', '" + keyB + "');\n*/ define('OSRS_KEY', '" + keyA + "');\n",
			want: Settings{Key: keyA, KeyLine: 4}},
		"env": {text: "\ufeffexport OPENSRS_USERNAME=reseller\r\nOPENSRS_API_KEY=\"" + keyA + "\"\r\nOPENSRS_URL=https://horizon.opensrs.net:55443/\r\nDB_HOST=localhost\r\nSMTP_USER=me\r\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2, Host: "horizon.opensrs.net", Port: "55443"}},
		"white space inside": {text: "OPENSRS_KEY='" + keyA[:16] + " " + keyA[16:] + "'\n",
			want: Settings{Key: keyA[:16] + " " + keyA[16:], KeyLine: 1}, problems: []string{"1: OPENSRS_KEY is not an API key: it has white space inside"}},
		"ini with two environments": {text: "; ours\n[live]\nusername = reseller\nkey = " + keyA + "\n[test]\nusername = tester\nkey = " + keyB + "\n", environment: "test",
			want: Settings{Username: "tester", Key: keyB, KeyLine: 7}},
		"one key in both": {text: "opensrs_live_key: " + keyA + "\nopensrs_test_key: " + keyA + "\nopensrs_host: rr-n1-tor.opensrs.net\n",
			want: Settings{Key: keyA, KeyLine: 1, Host: "rr-n1-tor.opensrs.net"}, problems: []string{"2: one key is in both environments, on lines 1 and 2"}},
		"two keys": {text: "OSRS_KEY=" + keyA + "\nOSRS_KEY=" + keyB + "\n",
			want: Settings{Key: keyA, KeyLine: 1}, problems: []string{"2: OSRS_KEY is another key than that on line 1"}},
		"live key, test host": {text: "OSRS_LIVE_KEY=" + keyA + "\nOSRS_HOST=horizon.opensrs.net\n",
			want: Settings{Key: keyA, KeyLine: 1, Host: "horizon.opensrs.net"}, problems: []string{"1: OSRS_LIVE_KEY is the key of the live environment by its name"}},
		"yaml": {text: "opensrs:\n  username: reseller\n  api_key: \"" + keyA + "\"\n  host: rr-n1-tor.opensrs.net # live\n  port: 55443\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3, Host: "rr-n1-tor.opensrs.net", Port: "55443"}},
		"array": {text: "<?php return [\n  'username' => 'reseller',\n  'privateKey' => '" + keyA + "',\n  'host' => 'horizon.opensrs.net',\n];\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3, Host: "horizon.opensrs.net"}},
		"settings of others": {text: "database:\n  host: localhost\n  port: 3306\n  username: root\nopensrs:\n  username: reseller\n  key: " + keyA + "\nsmtp_user: me\nmail:\n  host: mail\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 7}},
		"of others in an INI file": {text: "[database]\nhost = localhost\nusername = root\n[registrar]\nusername = reseller\nkey = " + keyA + "\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 6}},
		"of others in a .env": {text: "HOST=0.0.0.0\nPORT=3000\nTOKEN=abc\nOPENSRS_USERNAME=reseller\nOPENSRS_KEY=" + keyA + "\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 5}},
		"of others in an array": {text: "<?php\nreturn [\n    'mailgun' => [\n        'secret' => 'abc',\n    ],\n    'opensrs' => [\n        'username' => 'reseller',\n        'key' => '" + keyA + "',\n    ],\n    'stripe' => [\n        'key' => 'pk',\n    ],\n];\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 8}},
		"ruby": {text: "OpenSRS::Server.new(\n  :server   => \"https://rr-n1-tor.opensrs.net:55443/\",\n  :username => \"reseller\",\n  :key => \"" + keyA + "\"\n)\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 4, Host: "rr-n1-tor.opensrs.net", Port: "55443"}},
		"python": {text: "opensrs_client = Client(\n    host=\"horizon.opensrs.net\",\n    port=55443,\n    username=\"reseller\",\n    private_key=\"" + keyA + "\",\n)\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 5, Host: "horizon.opensrs.net", Port: "55443"}},
		"by index": {text: "<?php\n$config['opensrs']['user'] = 'reseller';\n$config['opensrs']['key'] = '" + keyA + "';\n$config['db']['user'] = 'root';\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3}},
		"camel case": {text: "module.exports = {\n  opensrsUsername: 'reseller',\n  opensrsApiKey: '" + keyA + "',\n};\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3}},
		"host of the environment": {text: "if ($test) {\n  define('OSRS_HOST', 'horizon.opensrs.net');\n} else {\n  define('OSRS_HOST', 'rr-n1-tor.opensrs.net');\n}\n", environment: "live",
			want: Settings{Host: "rr-n1-tor.opensrs.net"}},
		"comments behind": {text: "define('OSRS_KEY', '" + keyA + "'); /* old:\ndefine('OSRS_KEY', '" + keyB + "'); */\ndefine('OSRS_USERNAME', 'reseller'); /* ours */\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1}},
		"old line ends": {text: "OSRS_USERNAME=reseller\rOSRS_KEY=" + keyA + "\r",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2}},
		"white space around": {text: "define('OSRS_USERNAME', 'reseller ');\ndefine('OSRS_HOST', ' horizon.opensrs.net/');\n",
			want:     Settings{Username: "reseller", Host: "horizon.opensrs.net"},
			problems: []string{"1: OSRS_USERNAME has white space within its quotes", "2: OSRS_HOST has white space within its quotes"}},
		"placeholder of a user":         {text: "OSRS_USERNAME=<YOUR_USERNAME>\n", want: Settings{Username: "<YOUR_USERNAME>"}, problems: []string{"1: OSRS_USERNAME is still the placeholder"}},
		"user like a word of templates": {text: "OSRS_USERNAME=yourhosting\n", want: Settings{Username: "yourhosting"}},
		"no port":                       {text: "OSRS_HOST=horizon.opensrs.net\nOSRS_PORT=https\n", want: Settings{Host: "horizon.opensrs.net", Port: "https"}, problems: []string{"2: OSRS_PORT is not a port"}},
		"computed": {text: "define('OSRS_USERNAME', getenv('U'));\ndefine('OSRS_KEY', getenv('K') ?: '" + keyA + "');\n",
			want: Settings{Computed: []Computed{{1, Username, "OSRS_USERNAME"}, {2, Key, "OSRS_KEY"}}}},
		"computed elsewhere": {text: "const c = {\n  username: process.env.U,\n  key: `x${process.env.K}`,\n  host: \"${HOST}\",\n};\n",
			want: Settings{Computed: []Computed{{4, Host, "host"}, {2, Username, "username"}, {3, Key, "key"}}}},
		"JSON on one line": {text: `{"db":{"user":"root","host":"localhost"},"opensrs":{"username":"reseller","key":"` + keyA + `","url":"https:\/\/horizon.opensrs.net:55443\/"}}`,
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1, Host: "horizon.opensrs.net", Port: "55443"}},
		"array on one line": {text: "<?php return ['mail' => ['secret' => 'abc'], 'opensrs' => ['username' => 'reseller', 'key' => \"" + keyA + "\"], 'x' => [1, 2]];\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1}},
		"call on one line": {text: "server = OpenSRS::Server.new(username: 'reseller', key: '" + keyA + "', server: 'https://horizon.opensrs.net:55443/')\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1, Host: "horizon.opensrs.net", Port: "55443"}},
		"defines on one line": {text: "<?php define('OSRS_USERNAME', 'reseller'); define('OSRS_KEY', '" + keyA + "'); define('OSRS_HOST', 'horizon.opensrs.net'); // all\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1, Host: "horizon.opensrs.net"}},
		"defined once": {text: "if (!defined('OSRS_USERNAME')) define('OSRS_USERNAME', 'reseller');\nif (!defined('OSRS_KEY')) { define('OSRS_KEY', '" + keyA + "'); }\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2}},
		"class": {text: "class Config {\n  public $OSRS_USERNAME = 'reseller';\n  private static $OSRS_KEY = '" + keyA + "';\n  public $OSRS_SSL_PORT = '554433';\n  function connect($key = null, $host = 'x') {\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3, Port: "554433"}, problems: []string{"4: OSRS_SSL_PORT is not a port"}},
		"class of Java": {text: "private static final String OPENSRS_USER = \"reseller\";\nprivate static final String OPENSRS_KEY = \"" + keyA + "\";\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2}},
		"properties": {text: "opensrs.username=reseller\nopensrs.api.key : " + keyA + "\nopensrs.url=https\\://horizon.opensrs.net\\:55443\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2, Host: "horizon.opensrs.net", Port: "55443"}},
		"serialized": {text: `a:4:{s:8:"Username";s:8:"reseller";s:10:"TestAPIKey";s:32:"` + keyA + `";s:10:"ProdAPIKey";s:32:"` + keyB + `";s:8:"TestMode";s:2:"on";}`,
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 1, Environment: "test"}},
		"setters": {text: "my $client = Net::OpenSRS->new;\n$client->set_username('reseller');\n$client->set_key('" + keyA + "');\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 3}},
		"YAML in braces": {text: "db: {host: localhost, username: root}\nopensrs: {username: reseller, key: " + keyA + ", port: 55443}\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2, Port: "55443"}},
		"mode": {text: "OPENSRS_USERNAME=reseller\nOPENSRS_API_KEY=" + keyA + "\nOPENSRS_TEST_MODE=false\nOPENSRS_TEST_HOST=https://horizon.opensrs.net:55443\nOPENSRS_LIVE_HOST=https://rr-n1-tor.opensrs.net:55443\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 2, Host: "rr-n1-tor.opensrs.net", Port: "55443", Environment: "live"}},
		"environment": {text: "[opensrs]\nenvironment = test\nusername = reseller\nkey = " + keyA + "\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 4, Environment: "test"}},
		"environment of others": {text: "APP_ENV=production\nENV=live\nOPENSRS_USERNAME=reseller\nOPENSRS_KEY=" + keyA + "\n",
			want: Settings{Username: "reseller", Key: keyA, KeyLine: 4}},
		"placeholder of a host": {text: "define('OSRS_HOST', 'opensrs_host_here');\n", want: Settings{Host: "opensrs_host_here"}, problems: []string{"1: OSRS_HOST is still the placeholder"}},
		"values with signs":     {text: "OPENSRS_USERNAME=a,b;c\nOPENSRS_KEY='" + keyA + "' # {x: 1}\n", want: Settings{Username: "a,b;c", Key: keyA, KeyLine: 2}},
		"nothing":               {text: "hello: world\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(one.text, one.environment)
			problems := got.Problems
			got.Problems = nil
			if fmt.Sprint(got) != fmt.Sprint(one.want) {
				t.Errorf("got  %+v\nwant %+v", got, one.want)
			}
			if len(problems) != len(one.problems) {
				t.Fatalf("got %+v, want %q", problems, one.problems)
			}
			for i, problem := range problems {
				if text := fmt.Sprintf("%d: %s", problem.Line, problem.Text); !strings.HasPrefix(text, one.problems[i]) {
					t.Errorf("got %q, want %q", text, one.problems[i])
				}
				if strings.Contains(problem.Text, keyA[:8]) || strings.Contains(problem.Text, keyB[:8]) {
					t.Errorf("the key is in %q", problem.Text)
				}
			}
		})
	}
}

// Depth costs nothing: what is nested deeper than anybody's settings is one piece.
func TestDeepNesting(t *testing.T) {
	nested := strings.Repeat("{a:", 1<<17) + "1" + strings.Repeat("}", 1<<17)
	if pieces := piecesOf(nested); len(pieces) > 2*maxDepth+2 {
		t.Errorf("%d pieces", len(pieces))
	}
}

func FuzzRead(f *testing.F) {
	f.Add("define('OSRS_KEY', 'x');", "live")
	f.Add("[live]\nkey = y\n/*", "")
	f.Fuzz(func(t *testing.T, text, environment string) {
		got := Read(text, environment)
		for _, problem := range got.Problems {
			if problem.Line < 1 {
				t.Errorf("%+v", problem)
			}
		}
		got.Endpoint()
	})
}
