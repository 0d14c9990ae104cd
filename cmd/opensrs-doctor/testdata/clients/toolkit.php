<?php
// Speaks as the service's own PHP toolkit does: HTTP/1.0 over fsockopen, and a parser of its own that takes
// only "HTTP/1.1 NNN text" and wants a Content-Length. Certificates are verified by what PHP finds by itself.
// Where the sandbox is, it has from the environment. Prints the response_code, or what the toolkit would throw.

function fail(string $why): never { echo $why, "\n"; exit(1); }

function call(string $body): string
{
    $key = trim(file_get_contents(getenv('OPENSRS_API_KEY_FILE')));
    $socket = @fsockopen('ssl://' . getenv('OPENSRS_HOST'), (int) getenv('OPENSRS_PORT'), $number, $text, 20);
    $socket or fail("Unable to establish socket: ($number) $text");
    fputs($socket, "POST / HTTP/1.0\r\nContent-Type: text/xml\r\nX-Username: " . getenv('OPENSRS_USERNAME')
        . "\r\nX-Signature: " . md5(md5($body . $key) . $key) . "\r\nContent-Length: " . strlen($body) . "\r\n\r\n");
    fputs($socket, $body);

    stream_set_timeout($socket, 5);
    $line = (string) fgets($socket, 4000);
    preg_match('/^HTTP\/1\.1 ([0-9]{0,3}) (.*)\r\n$/', $line) or fail('UNEXPECTED READ: Unable to parse HTTP response code.');
    $header = [];
    while ($line != "\r\n") {
        $line = fgets($socket, 4000);
        !feof($socket) or fail('UNEXPECTED READ: Error reading HTTP header.');
        $pair = explode(': ', $line, 2);
        if (count($pair) == 2) {
            $header[strtolower(trim($pair[0]))] = $pair[1];
        }
    }
    !empty($header['content-length']) or fail('UNEXPECTED ERROR: No Content-Length header provided!');
    $length = (int) $header['content-length'];
    for ($reply = ''; strlen($reply) < $length;) {
        $reply .= fread($socket, $length);
        $state = stream_get_meta_data($socket);
        !$state['timed_out'] && !$state['eof'] or fail('Read buffer is empty.');
    }
    fclose($socket);
    return $reply;
}

foreach (array_slice($argv, 1) as $command) {
    [$action, $object, $attributes] = explode(' ', $command, 3) + ['', '', ''];
    $items = '';
    foreach (array_filter(explode(' ', $attributes)) as $attribute) {
        [$name, $value] = explode('=', $attribute);
        $items .= "<item key=\"$name\">$value</item>";
    }
    $reply = call("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?>\n<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">\n"
        . "<OPS_envelope>\n <header>\n  <version>0.9</version>\n </header>\n <body>\n  <data_block>\n   <dt_assoc>\n"
        . "    <item key=\"protocol\">XCP</item>\n    <item key=\"action\">$action</item>\n    <item key=\"object\">$object</item>\n"
        . "    <item key=\"attributes\"><dt_assoc>$items</dt_assoc></item>\n   </dt_assoc>\n  </data_block>\n </body>\n</OPS_envelope>");
    preg_match('/<item key="response_code">(\d+)<\/item>/', $reply, $code) or fail('no response_code');
    echo $code[1], "\n";
}
