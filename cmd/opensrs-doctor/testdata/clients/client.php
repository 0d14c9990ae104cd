<?php
// A client as the guide describes it, on PHP's own libraries, right or with one mistake that PHP makes easy.
// php client.php URL CA-FILE USERNAME KEY-FILE MISTAKE… prints a line for each, "right" being none: the reply's code,
// or "HTTP" and the status.

function envelope(): string
{
    $document = (new DOMImplementation)->createDocument(
        '', 'OPS_envelope', (new DOMImplementation)->createDocumentType('OPS_envelope', '', 'ops.dtd'));
    $document->encoding = 'UTF-8';
    $document->formatOutput = true;
    $add = function (DOMNode $to, string $name, string $text = '') use ($document): DOMElement {
        $element = $document->createElement($name);
        $element->appendChild($document->createTextNode($text));
        return $to->appendChild($element);
    };
    $add($add($document->documentElement, 'header'), 'version', '0.9');
    $assoc = $add($add($add($document->documentElement, 'body'), 'data_block'), 'dt_assoc');
    foreach (['protocol' => 'XCP', 'action' => 'GET_BALANCE', 'object' => 'BALANCE'] as $key => $text) {
        $add($assoc, 'item', $text)->setAttribute('key', $key);
    }
    $attributes = $add($assoc, 'item');
    $attributes->setAttribute('key', 'attributes');
    $add($add($attributes, 'dt_assoc'), 'item', "Zo\u{EB} & S\u{F6}hne")->setAttribute('key', 'note');
    return $document->saveXML();
}

function call(string $url, string $ca, string $username, string $keyFile, string $mistake): string
{
    $sent = $signed = envelope();
    $key = trim(file_get_contents($keyFile));
    switch ($mistake) {
        case 'key-trailing-newline': $key = file($keyFile)[0]; break;
        case 'key-quoted':           $key = explode('=', 'OPENSRS_KEY="' . $key . '"', 2)[1]; break;
        case 'key-spaces':           $key = explode('=', 'OPENSRS_KEY = ' . $key, 2)[1]; break;
        case 'key-uppercase':        $key = strtoupper($key); break;
        case 'key-hex-decoded':      $key = hex2bin($key); break;
        case 'key-empty':            $key = (string) getenv('A_VARIABLE_THAT_NOBODY_SETS'); break;
        case 'wrong-key':            $key = strrev($key) . '0'; break;
        case 'body-html-escaped':    $signed = htmlspecialchars($sent); break;
        case 'body-url-encoded':     $signed = urlencode($sent); break;
        case 'body-latin1':          $signed = iconv('UTF-8', 'ISO-8859-1', $sent); break;
        case 'body-crlf':            $signed = str_replace("\n", "\r\n", $sent); break;
        case 'body-without-declaration': $signed = explode("\n", $sent, 2)[1]; break;
        case 'body-missing-trailing-newline': $signed = trim($sent); break;
        case 'body-trailing-newline': $signed = $sent . "\n"; break;
        case 'body-reindented':      // printed nicely for a log, and sent so
            $document = new DOMDocument;
            $document->preserveWhiteSpace = false;
            $document->loadXML($sent);
            $signed = $document->saveXML();
            break;
        case 'body-form-encoded':    $sent = http_build_query(['xml' => $sent]); break;
        case 'body-json':            $sent = json_encode($sent); break;
        case 'body-not-xml':         $sent = $signed = print_r(['protocol' => 'XCP'], true); break;
        case 'body-not-well-formed': $sent = $signed = str_replace('&amp;', '&', $sent); break;
        case 'body-encoding':        $sent = $signed = iconv('UTF-8', 'ISO-8859-1', $sent); break;
        case 'protocol-missing':     $sent = $signed = preg_replace('/\s*<item key="protocol">XCP<\/item>/', '', $sent); break;
        case 'command-missing':      $sent = $signed = str_replace('key="object"', 'key="subject"', $sent); break;
    }
    $signature = match ($mistake) {
        'single-md5'         => md5($signed . $key),
        'triple-md5'         => md5(md5(md5($signed . $key) . $key) . $key),
        'missing-second-key' => md5(md5($signed . $key)),
        'key-first'          => md5($key . md5($key . $signed)),
        'raw-digest'         => md5(md5($signed . $key, true) . $key),
        'hmac-md5'           => hash_hmac('md5', $signed, $key),
        'sha1'               => sha1(sha1($signed . $key) . $key),
        'base64-digest'      => base64_encode(md5(md5($signed . $key) . $key, true)),
        'uppercase-hex'      => strtoupper(md5(md5($signed . $key) . $key)),
        'username-in-hash'   => md5(md5($username . $signed . $key) . $key),
        'signature-cut'      => substr(md5(md5($signed . $key) . $key), 0, 20),
        'signature-malformed' => 'Array',
        default              => md5(md5($signed . $key) . $key),
    };
    if ($mistake === 'username') {
        $username = 'somebody';
    }

    // Many clients of the service write to a socket by hand, as the old toolkit did.
    if ($mistake === 'content-length-missing') {
        $stream = stream_socket_client('tls://' . substr(rtrim($url, '/'), 8), $_, $why, 10, STREAM_CLIENT_CONNECT,
            stream_context_create(['ssl' => ['cafile' => $ca]]));
        if (!$stream) {
            return $why;
        }
        fwrite($stream, "POST / HTTP/1.0\r\nContent-Type: text/xml\r\nX-Username: $username\r\n" .
            "X-Signature: $signature\r\n\r\n$sent");
        return 'HTTP ' . explode(' ', stream_get_contents($stream))[1];
    }

    $headers = ['Content-Type: text/xml', "X-Username: $username", "X-Signature: $signature"];
    $options = [CURLOPT_POSTFIELDS => $sent];
    switch ($mistake) {
        case 'content-type':         array_shift($headers); break;
        case 'header-missing':       $headers = ['Content-Type: text/xml', 'X-Username' => $username, 'X-Signature' => $signature]; break;
        case 'header-name':          $headers[1] = "HTTP_X_USERNAME: $username"; break;
        case 'chunked-body':         $headers[] = 'Transfer-Encoding: chunked'; break;
        case 'content-length-wrong': $headers[] = 'Content-Length: ' . iconv_strlen($sent, 'UTF-8'); break;
        case 'method':               $options = []; break;
        case 'empty-body':           $options = [CURLOPT_POST => true, CURLOPT_POSTFIELDS => '']; break;
        case 'path':                 $url .= 'index.php'; break;
    }
    $curl = curl_init($url);
    curl_setopt_array($curl, $options + [CURLOPT_HTTPHEADER => $headers, CURLOPT_CAINFO => $ca, CURLOPT_RETURNTRANSFER => true]);
    $reply = curl_exec($curl);
    if ($reply === false) {
        return curl_error($curl);
    }
    if (($status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE)) !== 200) {
        return "HTTP $status";
    }
    $document = new DOMDocument;
    $document->loadXML($reply);
    return (new DOMXPath($document))->evaluate('string(//item[@key="response_code"])');
}

foreach (array_slice($argv, 5) as $mistake) {
    echo call($argv[1], $argv[2], $argv[3], $argv[4], $mistake), "\n";
}
