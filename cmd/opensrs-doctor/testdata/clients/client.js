// A client as the guide describes it, on Node's own libraries, right or with one mistake that Node makes easy. Node
// has no XML library of its own: the envelope is a template, as most write it.
// node client.js URL CA-FILE USERNAME KEY-FILE MISTAKE… prints a line for each, "right" being none: the reply's code,
// or "HTTP" and the status.
const { createHash, createHmac } = require('crypto')
const { readFileSync } = require('fs')
const https = require('https')

const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const xml = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE OPS_envelope SYSTEM "ops.dtd">
<OPS_envelope>
  <header><version>0.9</version></header>
  <body>
    <data_block>
      <dt_assoc>
        <item key="protocol">XCP</item>
        <item key="action">GET_BALANCE</item>
        <item key="object">BALANCE</item>
        <item key="attributes"><dt_assoc><item key="note">${escape('Zo\u00eb & S\u00f6hne')}</item></dt_assoc></item>
      </dt_assoc>
    </data_block>
  </body>
</OPS_envelope>
`
const md5 = (...parts) => {
  const hash = createHash('md5')
  parts.forEach(part => hash.update(part))
  return hash.digest('hex')
}

function call (url, ca, username, keyFile, mistake) {
  let key = readFileSync(keyFile, 'utf8').trim()
  let sent = xml
  let signed = xml
  switch (mistake) {
    case 'key-trailing-newline': key = readFileSync(keyFile, 'utf8'); break
    case 'key-quoted': key = JSON.stringify(key); break
    case 'key-spaces': key = `key = ${key}`.split('=')[1]; break
    case 'key-uppercase': key = key.toUpperCase(); break
    case 'key-hex-decoded': key = Buffer.from(key, 'hex'); break
    case 'key-empty': key = process.env.A_VARIABLE_THAT_NOBODY_SETS || ''; break
    case 'wrong-key': key = [...key].reverse().join('') + '0'; break
    case 'body-latin1': signed = Buffer.from(xml, 'latin1'); break
    case 'body-utf16': signed = Buffer.from(xml, 'utf16le'); break
    case 'body-url-encoded': signed = encodeURIComponent(xml); break
    case 'body-html-escaped': signed = escape(xml); break
    case 'body-crlf': signed = xml.replace(/\n/g, '\r\n'); break
    case 'body-trailing-newline': signed = `${xml}\n`; break
    case 'body-trailing-nul': signed = Buffer.concat([Buffer.from(xml), Buffer.alloc(1)]); break
    case 'body-missing-trailing-newline': signed = xml.trim(); break
    case 'body-bom': signed = '\ufeff' + xml; break
    case 'body-reindented': signed = xml.replace(/>\s+</g, '><'); break
    case 'body-form-encoded': sent = String(new URLSearchParams({ xml })); break
    case 'body-json': sent = JSON.stringify({ xml }); break
    case 'body-not-xml': sent = signed = String({ protocol: 'XCP' }); break
    case 'body-not-well-formed': sent = signed = xml.replace('&amp;', '&'); break
    case 'body-encoding': sent = signed = Buffer.from(xml, 'latin1'); break
    case 'protocol-missing': sent = signed = xml.replace('XCP', ''); break
    case 'command-missing': sent = signed = xml.replace('"object"', '"objekt"'); break
  }
  const twice = name => {
    const once = createHash(name).update(signed).update(key).digest('hex')
    return createHash(name).update(once).update(key)
  }
  let signature
  switch (mistake) {
    case 'single-md5': signature = md5(signed, key); break
    case 'missing-second-key': signature = md5(md5(signed, key)); break
    case 'key-first': signature = md5(key, md5(key, signed)); break
    case 'raw-digest': signature = md5(createHash('md5').update(signed).update(key).digest(), key); break
    case 'hmac-md5': signature = createHmac('md5', key).update(signed).digest('hex'); break
    case 'sha1': signature = twice('sha1').digest('hex'); break
    case 'sha256': signature = twice('sha256').digest('hex'); break
    case 'base64-digest': signature = twice('md5').digest('base64'); break
    case 'uppercase-hex': signature = twice('md5').digest('hex').toUpperCase(); break
    case 'username-in-hash': signature = md5(md5(username, signed, key), key); break
    case 'signature-cut': signature = twice('md5').digest('hex').slice(0, 31); break
    case 'signature-malformed': signature = String(twice('md5')); break
    default: signature = twice('md5').digest('hex')
  }
  if (mistake === 'username') username = 'somebody'

  const headers = {
    'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(sent), 'X-Username': username, 'X-Signature': signature
  }
  const options = { method: 'POST', ca: readFileSync(ca), headers }
  switch (mistake) {
    case 'chunked-body': delete headers['Content-Length']; break
    case 'content-length-wrong': headers['Content-Length'] = sent.length; break
    case 'content-type': headers['Content-Type'] = 'application/json'; break
    case 'header-missing': delete headers['X-Signature']; break
    case 'header-name': headers.x_username = username; delete headers['X-Username']; break
    case 'method': delete options.method; delete headers['Content-Length']; break
    case 'path': url += 'v1'; break
  }
  return new Promise(resolve => {
    const request = https.request(url, options, reply => {
      let text = ''
      reply.setEncoding('utf8')
      reply.on('data', piece => { text += piece })
      reply.on('end', () => {
        const code = /<item key="response_code">(\d+)<\/item>/.exec(text)
        resolve(reply.statusCode === 200 && code ? code[1] : `HTTP ${reply.statusCode}`)
      })
    })
    request.on('error', error => resolve(error.message))
    if (mistake !== 'method') request.write(sent)
    request.end()
  })
}

async function main () {
  const where = process.argv.slice(2, 6)
  for (const mistake of process.argv.slice(6)) console.log(await call(...where, mistake))
}
main()
