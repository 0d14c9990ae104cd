// Connects and verifies as Node's own scripts do, by its tls module.
'use strict';
const dns = require('dns'), net = require('net'), tls = require('tls'), fs = require('fs');
const [host, port, wait] = process.argv.slice(2);
const r = {look: 1, version: process.versions.node, library: 'tls, OpenSSL ' + process.versions.openssl, stage: 'resolve', settings: {}};
for (const name of ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_USE_ENV_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']) {
  if (process.env[name]) r.settings['env ' + name] = process.env[name];
}
const variables = (process.config && process.config.variables) || {};
const options = (process.env.NODE_OPTIONS || '') + ' ' + process.execArgv.join(' ');
const bySystem = /--use-openssl-ca/.test(options) || String(variables.openssl_default_cipher_list) && /true|1/.test(String(variables.node_use_openssl_ca || variables.openssl_use_def_ca_store));
r.trust_store = [bySystem ? (process.env.SSL_CERT_FILE || 'OpenSSL\'s store') : tls.rootCertificates.length + ' certificates inside node'];
if (/--use-system-ca/.test(options)) r.trust_store.push('the system store');
if (process.env.NODE_EXTRA_CA_CERTS) r.trust_store.push(process.env.NODE_EXTRA_CA_CERTS);
if (process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0') r.unverified = true;
let told = false;
function tell(more) {
  if (told) return;
  told = true;
  fs.writeSync(1, '\n' + JSON.stringify(Object.assign(r, more)) + '\n');
  process.exit(0);
}
setTimeout(() => tell({error: 'no answer within ' + wait + ' s'}), wait * 1000);
dns.lookup(host, (err) => {
  if (err) return tell({error: err.message || String(err.code || err)});
  r.stage = 'connect';
  const plain = net.connect({host, port: +port});
  plain.on('error', (e) => tell({error: e.message || String(e.code || e), errno: Math.abs(e.errno || 0) || 0}));
  plain.on('connect', () => {
    r.address = plain.remoteAddress;
    r.local_address = plain.localAddress;
    r.stage = 'tls';
    const stream = tls.connect({socket: plain, host, servername: net.isIP(host) ? '' : host});
    stream.on('error', (e) => {
      const code = String(e.code || '');
      if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED|CA_|UNABLE_TO|ALTNAME/.test(code) && !/^ERR_SSL/.test(code)) r.stage = 'verify';
      tell({error: (code ? code + ': ' : '') + e.message});
    });
    stream.on('secureConnect', () => tell({stage: 'verify', tls_version: stream.getProtocol()}));
  });
});
