package clientsettings

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// What clients and the places that give a program its environment look like. Each is written here in the form of one.
func TestForms(t *testing.T) {
	coded := base64.StdEncoding.EncodeToString([]byte(keyA))
	for name, one := range map[string]struct {
		text     string
		want     string // username, key, host, port and environment
		problems []string
	}{
		"port in plain text beside that of TLS": {text: "osrs.host=horizon.opensrs.net\nosrs.port=80\nosrs.sslPort=55443\nosrs.userName=reseller\nosrs.key=" + keyA + "\n",
			want: "reseller A horizon.opensrs.net:55443 "},
		"old port that is not used": {text: "define('OSRS_PORT', '55000');\ndefine('OSRS_SSL_PORT', '55443');\ndefine('OSRS_KEY', '" + keyA + "');\n", want: " A :55443 "},
		"constants": {text: "define('OSRS_USERNAME', PANEL_USER);\ndefine('OSRS_KEY', \\PANEL_KEY);\ndefine('OSRS_SSL_PORT', 55443);\n",
			want: " - :55443 computed OSRS_USERNAME OSRS_KEY"},
		"names of variables": {text: "client = OpenSRS(\n  username: username,\n  key: OPENSRS_API_KEY,\n  host: Registrar::HOST,\n)\n", want: " - : computed host username key"},
		"user in capitals":   {text: "OPENSRS_USERNAME=ACME_DOMAINS\nOPENSRS_KEY=" + keyA + "\n", want: "ACME_DOMAINS A : "},
		"objects with an ID": {text: "[\n  {\n    \"Id\": \"live\",\n    \"ResellerUsername\": \"reseller\",\n    \"ApiKey\": \"" + keyA + "\",\n    \"ApiHostPort\": \"https://rr-n1-tor.opensrs.net:55443\"\n  },\n" +
			"  {\n    \"Id\": \"test\",\n    \"ResellerUsername\": \"tester\",\n    \"ApiKey\": \"" + keyB + "\",\n    \"ApiHostPort\": \"https://horizon.opensrs.net:55443\"\n  }\n]\n",
			want: "reseller A rr-n1-tor.opensrs.net:55443 live"},
		"test first": {text: "opensrs:\n  test:\n    api_key: " + keyB + "\n    username: tester\n    api_host: horizon.opensrs.net\n  live:\n    api_key: " + keyA + "\n    username: reseller\n    api_host: rr-n1-tor.opensrs.net\n",
			want: "reseller A rr-n1-tor.opensrs.net: live"},
		"mode around": {text: "opensrs:\n  live:\n    api_key: " + keyA + "\n    username: reseller\n  test:\n    api_key: " + keyB + "\n    username: tester\n  mode: test\n",
			want: "tester B : test"},
		"list of YAML":   {text: "accounts:\n- name: test\n  username: tester\n  key: " + keyB + "\n- name: live\n  username: reseller\n  key: " + keyA + "\n", want: "reseller A : live"},
		"a test key":     {text: "OPENSRS_TEST_USERNAME=tester\nOPENSRS_TEST_KEY=" + keyB + "\n", want: "tester B : test"},
		"PowerShell":     {text: "$env:OPENSRS_USERNAME=\"reseller\"\n$env:OPENSRS_API_KEY = \"" + keyA + "\"\n$env:OPENSRS_TEST=\"true\"\n", want: "reseller A : test"},
		"docker compose": {text: "services:\n  app:\n    environment:\n      - OPENSRS_USERNAME=reseller\n      - \"OPENSRS_API_KEY=" + keyA + "\"\n      - DB_USER=app\n", want: "reseller A : "},
		"systemd":        {text: "[Service]\nUser=app\nEnvironment=OPENSRS_USERNAME=reseller \"OPENSRS_API_KEY=" + keyA + "\"\n", want: "reseller A : "},
		"php-fpm":        {text: "[www]\nuser = www-data\nenv[OPENSRS_USERNAME] = reseller\nenv[OPENSRS_API_KEY] = " + keyA + "\n", want: "reseller A : "},
		"Dockerfile":     {text: "USER app\nENV OPENSRS_USERNAME reseller\nENV OPENSRS_API_KEY=" + keyA + " OPENSRS_HOST=horizon.opensrs.net\n", want: "reseller A horizon.opensrs.net: "},
		"Apache":         {text: "SetEnv OPENSRS_USERNAME reseller\nSetEnv OPENSRS_API_KEY " + keyA + "\n", want: "reseller A : "},
		"nginx":          {text: "fastcgi_param OPENSRS_USERNAME reseller;\nfastcgi_param OPENSRS_API_KEY " + keyA + ";\n", want: "reseller A : "},
		"putenv":         {text: "putenv('OSRS_USERNAME=reseller');\nputenv(\"OSRS_KEY=" + keyA + "\");\n", want: "reseller A : "},
		"Kubernetes":     {text: "env:\n- name: OPENSRS_USERNAME\n  value: reseller\n- name: OPENSRS_API_KEY\n  value: \"" + keyA + "\"\n", want: "reseller A : "},
		"a Secret":       {text: "kind: Secret\nmetadata:\n  name: opensrs\ndata:\n  OPENSRS_USERNAME: cmVzZWxsZXI=\n  OPENSRS_API_KEY: " + coded + "\n", want: "reseller A : "},
		"app.config":     {text: "<appSettings>\n<add key=\"OpenSrsUsername\" value=\"reseller\"/>\n<add key=\"OpenSrsApiKey\" value=\"" + keyA + "\"/>\n</appSettings>\n", want: "reseller A : "},
		"XML":            {text: "<osrs>\n<host>horizon.opensrs.net</host><port>80</port><sslPort>55443</sslPort>\n<userName>reseller</userName>\n<key>" + keyA + "</key>\n</osrs>\n", want: "reseller A horizon.opensrs.net:55443 "},
		"keys of .NET":   {text: "{\"OpenSrs:Username\":\"reseller\",\"OpenSrs:PrivateKey\":\"" + keyA + "\"}", want: "reseller A : "},
		"object in an object": {text: "$this->client->connect->osrs_username = 'reseller';\n$this->client->connect->osrs_key = '" + keyA + "';\n$this->db->host = 'localhost';\n",
			want: "reseller A : "},
		"by places": {text: "client := opensrs.NewClient(\"reseller\", \"" + keyA + "\")\nclient.BaseURL = \"https://horizon.opensrs.net:55443\"\n",
			want: "reseller A horizon.opensrs.net:55443 "},
		"by places, the key first": {text: "$c = new OpenSRS('" + keyA + "', 'reseller', 'pw', 'https://horizon.opensrs.net:55443');\n", want: "reseller A horizon.opensrs.net:55443 "},
		"by places, a mode":        {text: "opensrs = OpenSRS(\"reseller\", \"" + keyA + "\", test=True)\n", want: "reseller A : test"},
		"by name and value":        {text: "opensrs_set('api_key', '" + keyA + "');\nopensrs_set('username', 'reseller');\n", want: " A : "},
		"a builder":                {text: "var c = OsrsConfig.builder().host(\"horizon.opensrs.net\").username(\"reseller\").apiKey(\"" + keyA + "\").build();\n", want: "reseller A horizon.opensrs.net: "},
		"methods":                  {text: "my $srs = Net::OpenSRS->new();\n$srs->environment('test');\n$srs->set_key( '" + keyA + "' );\n$srs->set_manage_auth( 'reseller', 'pw' );\n", want: "reseller A : test"},
		"another service": {text: "OPENSRS_USERNAME=reseller\nOPENSRS_API_KEY=" + keyA + "\nOPENSRS_API_URL=https://admin.hostedemail.com/api\n", want: "reseller A : ",
			problems: []string{"3: OPENSRS_API_URL is the Email API"}},
		"another service beside": {text: "{email: {apiUrl: 'https://admin.a.hostedemail.com/api'}, domains: {apiKey: '" + keyA + "', apiUrl: 'https://rr-n1-tor.opensrs.net:55443', username: 'reseller'}}",
			want: "reseller A rr-n1-tor.opensrs.net:55443 "},
		"a template": {text: "OPTIONS = {\n    'username': 'REPLACE WITH REAL USERNAME',\n    'private_key': 'REPLACE WITH REAL PRIVATE KEY',\n}\n", want: "REPLACE WITH REAL USERNAME - : ",
			problems: []string{"2: username is still the placeholder", "3: private_key is not an API key", "3: private_key is not an API key"}},
		"user and key the wrong way round": {text: "OSRS_USERNAME=" + keyB + "\nOSRS_KEY=reseller\n", want: " - : ", problems: []string{"1: OSRS_USERNAME has the form of an API key"}},
		"a path":                           {text: "define('OPENSRSURI', dirname(__FILE__));\ndefine('OSRS_KEY', '" + keyA + "');\n", want: " A : "},
	} {
		t.Run(name, func(t *testing.T) {
			s := Read(one.text, "")
			key := map[string]string{keyA: "A", keyB: "B"}[s.Key]
			if key == "" {
				key = "-"
			}
			got := fmt.Sprintf("%s %s %s:%s %s", s.Username, key, s.Host, s.Port, s.Environment)
			if len(s.Computed) > 0 {
				got += "computed"
			}
			for _, computed := range s.Computed {
				got += " " + computed.Name
			}
			if got != one.want {
				t.Errorf("got  %q\nwant %q", got, one.want)
			}
			if len(s.Problems) != len(one.problems) {
				t.Fatalf("got %+v, want %q", s.Problems, one.problems)
			}
			for i, problem := range s.Problems {
				if text := fmt.Sprintf("%d: %s", problem.Line, problem.Text); !strings.HasPrefix(text, one.problems[i]) {
					t.Errorf("got %q, want %q", text, one.problems[i])
				}
			}
		})
	}
}
