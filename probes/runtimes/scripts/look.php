<?php
// Connects and verifies as PHP's own scripts do, by streams (the OpenSRS toolkit) and by curl (WHMCS). Sends nothing.
error_reporting(E_ALL);
@ini_set('display_errors', '0');
@ini_set('log_errors', '0');
$cli = PHP_SAPI === 'cli';
$host = $cli ? $argv[1] : $_SERVER['LOOK_HOST'];
$port = (int) ($cli ? $argv[2] : $_SERVER['LOOK_PORT']);
$wait = (int) ($cli ? $argv[3] : $_SERVER['LOOK_WAIT']);
$said = array();
set_error_handler(function ($level, $text) use (&$said) {
    $said[] = $text;
    return true;
});
// A function that is switched off ends the script where it is needed: that is told, and is no answer.
register_shutdown_function(function () {
    $end = error_get_last();
    if ($end && in_array($end['type'], array(E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR))) {
        list($first) = explode("\n", $end['message']);
        tell_line(array('look' => 1, 'unable' => preg_replace('/^Uncaught Error: | in (\/|Standard input).*/', '', $first)));
    }
});

function usable($function)
{
    return function_exists($function) && !in_array($function, array_map('trim', explode(',', (string) ini_get('disable_functions'))));
}

function settings()
{
    $found = array('ini' => (string) php_ini_loaded_file(), 'sapi' => PHP_SAPI);
    if (usable('posix_geteuid')) {
        $found['uid'] = (string) posix_geteuid();
    }
    foreach (array('openssl.cafile', 'openssl.capath', 'curl.cainfo', 'open_basedir', 'disable_functions', 'allow_url_fopen') as $name) {
        if ((string) ini_get($name) !== '') {
            $found[$name] = (string) ini_get($name);
        }
    }
    foreach (array('SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY') as $name) {
        if (getenv($name) !== false && getenv($name) !== '') {
            $found['env ' . $name] = getenv($name);
        }
    }
    return $found;
}

function tell($result)
{
    tell_line($result + array('look' => 1, 'version' => PHP_VERSION, 'settings' => settings()));
}

function tell_line($line)
{
    echo "\n", encoded($line), "\n";
    flush();
}

// As json_encode, which may be switched off or not be built in.
function encoded($value)
{
    if (is_int($value) || is_bool($value)) {
        return is_int($value) ? (string) $value : ($value ? 'true' : 'false');
    }
    if (!is_array($value)) {
        return '"' . addcslashes(preg_replace('/[\x00-\x1f\x7f]/', ' ', (string) $value), '"\\') . '"';
    }
    $parts = array();
    $list = array_values($value) === $value;
    foreach ($value as $name => $one) {
        $parts[] = ($list ? '' : encoded((string) $name) . ':') . encoded($one);
    }
    return $list ? '[' . implode(',', $parts) . ']' : '{' . implode(',', $parts) . '}';
}

function host_of($name)
{
    $name = preg_replace('/:\d+$/', '', (string) $name);
    return trim($name, '[]');
}

function by_streams($host, $port, $wait)
{
    global $said;
    $r = array('library' => 'streams', 'stage' => 'connect');
    if (!extension_loaded('openssl')) {
        return tell($r + array('missing' => 'openssl', 'error' => 'the openssl extension is not loaded'));
    }
    $r['library'] = 'streams, ' . OPENSSL_VERSION_TEXT;
    if (PHP_VERSION_ID < 50600) {
        $r['unverified'] = true;
    }
    if (!usable('fsockopen')) {
        return tell($r + array('missing' => 'fsockopen', 'error' => 'disable_functions has fsockopen'));
    }
    if (function_exists('openssl_get_cert_locations')) {
        $at = openssl_get_cert_locations();
        $file = getenv($at['default_cert_file_env']);
        $path = getenv($at['default_cert_dir_env']);
        $own = array_filter(array(ini_get('openssl.cafile'), ini_get('openssl.capath')));
        $r['trust_store'] = $own ? array_values($own) : array_values(array_filter(array(
            $file ? $file : (file_exists($at['default_cert_file']) ? $at['default_cert_file'] : ''), $path ? $path : $at['default_cert_dir'])));
    }
    $said = array();
    $name = strpos($host, ':') !== false ? "[$host]" : $host;
    $stream = fsockopen("ssl://$name", $port, $errno, $errstr, $wait);
    $text = trim(implode('; ', $said) . ($errstr ? "; $errstr" : ''), '; ');
    $first = $said ? $said[0] : $errstr; // the others say that it failed therefore
    if ($stream) {
        $about = stream_get_meta_data($stream);
        $r['stage'] = 'verify';
        $r['address'] = host_of(stream_socket_get_name($stream, true));
        $r['local_address'] = host_of(stream_socket_get_name($stream, false));
        $r['tls_version'] = isset($about['crypto']['protocol']) ? $about['crypto']['protocol'] : '';
        fclose($stream);
        return tell($r);
    }
    if (preg_match('/getaddrinfo|getaddresses/i', $text)) {
        $r['stage'] = 'resolve';
    } elseif (preg_match('/certificate verify failed|Peer certificate|peer name|did not match|cafile|capath|certificate locations/i', $text)) {
        $r['stage'] = 'verify';
    } elseif (preg_match('/SSL|crypto/', $text)) {
        $r['stage'] = 'tls';
    }
    $r['errno'] = (int) $errno;
    return tell($r + array('error' => preg_replace(array('/\s+/', '/fsockopen\(\): /'), array(' ', ''), $first)));
}

function by_curl($host, $port, $milliseconds)
{
    $r = array('library' => 'curl', 'stage' => 'connect');
    if (!extension_loaded('curl')) {
        return tell($r + array('missing' => 'curl', 'error' => 'the curl extension is not loaded'));
    }
    foreach (array('curl_init', 'curl_exec', 'curl_setopt') as $function) {
        if (!usable($function)) {
            return tell($r + array('missing' => $function, 'error' => "disable_functions has $function"));
        }
    }
    $about = curl_version();
    $r['library'] = 'curl ' . $about['version'] . ', ' . $about['ssl_version'];
    $log = fopen('php://temp', 'w+');
    $name = strpos($host, ':') !== false ? "[$host]" : $host;
    $curl = curl_init("https://$name:$port/");
    curl_setopt($curl, defined('CURLOPT_CONNECT_ONLY') ? CURLOPT_CONNECT_ONLY : 141, true);
    foreach (array('CURLOPT_CONNECTTIMEOUT_MS' => 156, 'CURLOPT_TIMEOUT_MS' => 155, 'CURLOPT_NOSIGNAL' => 99) as $option => $number) {
        curl_setopt($curl, defined($option) ? constant($option) : $number, $option === 'CURLOPT_NOSIGNAL' ? 1 : $milliseconds);
    }
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($curl, CURLOPT_VERBOSE, true);
    curl_setopt($curl, CURLOPT_STDERR, $log);
    curl_exec($curl);
    rewind($log);
    $words = stream_get_contents($log);
    $code = curl_errno($curl);
    $r['errno'] = $code;
    $r['address'] = (string) curl_getinfo($curl, CURLINFO_PRIMARY_IP);
    $r['local_address'] = defined('CURLINFO_LOCAL_IP') ? (string) curl_getinfo($curl, CURLINFO_LOCAL_IP) : '';
    if (preg_match('/SSL connection using (\S+)/', $words, $found)) {
        $r['tls_version'] = $found[1];
    }
    if (preg_match_all('/^\*?\s*CA(?:file|path): (\S+)/m', $words, $found)) {
        $r['trust_store'] = array_values(array_diff($found[1], array('none')));
    } elseif ((string) ini_get('curl.cainfo') !== '') {
        $r['trust_store'] = array((string) ini_get('curl.cainfo'));
    }
    if (preg_match('/Uses proxy env variable \S+ == \'([^\']*)\'/', $words, $found) && !preg_match('/^no_proxy$/i', $found[1]) && stripos($found[0], 'no_proxy') === false) {
        $r['proxy'] = $found[1];
    }
    $stages = array(0 => 'verify', 5 => 'resolve', 6 => 'resolve', 35 => 'tls', 58 => 'tls', 59 => 'tls', 80 => 'tls', 51 => 'verify', 60 => 'verify', 77 => 'verify', 82 => 'verify', 83 => 'verify');
    $r['stage'] = isset($stages[$code]) ? $stages[$code] : 'connect';
    if ($code === 28 && preg_match('/Connected to/', $words)) {
        $r['stage'] = 'tls';
    }
    if ($code !== 0) {
        $r['error'] = "cURL error $code: " . curl_error($curl);
    }
    return tell($r);
}

// Where the one meets silence there is time left for the other.
$begun = microtime(true);
by_streams($host, $port, $wait * 0.6);
by_curl($host, $port, max(1000, (int) (1000 * ($wait - (microtime(true) - $begun)))));
