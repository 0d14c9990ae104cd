# A client as the guide describes it, on Ruby's own libraries, right or with one mistake that Ruby makes easy.
# ruby client.rb URL CA-FILE USERNAME KEY-FILE MISTAKE… prints a line for each, "right" being none: the reply's code,
# or "HTTP" and the status.
require 'cgi'
require 'digest'
require 'json'
require 'net/http'
require 'openssl'
require 'rexml/document'
require 'stringio'
require 'uri'

def envelope
  document = REXML::Document.new
  document << REXML::XMLDecl.new('1.0', 'UTF-8')
  document << REXML::DocType.new('OPS_envelope', 'SYSTEM "ops.dtd"')
  root = document.add_element('OPS_envelope')
  root.add_element('header').add_element('version').text = '0.9'
  assoc = root.add_element('body').add_element('data_block').add_element('dt_assoc')
  { 'protocol' => 'XCP', 'action' => 'GET_BALANCE', 'object' => 'BALANCE' }.each do |key, text|
    assoc.add_element('item', 'key' => key).text = text
  end
  attributes = assoc.add_element('item', 'key' => 'attributes').add_element('dt_assoc')
  attributes.add_element('item', 'key' => 'note').text = "Zo\u00eb & S\u00f6hne"
  out = +''
  formatter = REXML::Formatters::Pretty.new
  formatter.compact = true
  formatter.write(document, out)
  "#{out}\n"
end

def md5(bytes) = Digest::MD5.hexdigest(bytes)

def call(url, ca, username, key_file, mistake)
  sent = signed = envelope
  key = File.read(key_file).strip
  case mistake
  when 'key-trailing-newline' then key = File.read(key_file)
  when 'key-quoted'           then key = "key=#{key.inspect}".split('=')[1]
  when 'key-spaces'           then key = "key = #{key}".split('=')[1]
  when 'key-uppercase'        then key = key.upcase
  when 'key-hex-decoded'      then key = [key].pack('H*')
  when 'wrong-key'            then key = "#{key.reverse}0"
  when 'body-utf16'           then signed = sent.encode('UTF-16LE')
  when 'body-latin1'          then signed = sent.encode('ISO-8859-1')
  when 'body-html-escaped'    then signed = CGI.escapeHTML(sent)
  when 'body-url-encoded'     then signed = CGI.escape(sent)
  when 'body-crlf'            then signed = sent.encode(crlf_newline: true)
  when 'body-bom'             then signed = "\uFEFF#{sent}"
  when 'body-missing-trailing-newline' then signed = sent.chomp
  when 'body-without-declaration' then signed = sent.lines.drop(1).join
  when 'body-reindented'      then sent = REXML::Document.new(signed = sent.lines.map(&:strip).join).then { |d| d.write(o = +'', 2) && o }
  when 'body-form-encoded'    then sent = URI.encode_www_form('xml' => sent)
  when 'body-json'            then sent = sent.to_json
  when 'body-not-xml'         then sent = signed = StringIO.new(sent).to_s
  when 'body-not-well-formed' then sent = signed = sent.sub('</version>', '')
  when 'body-encoding'        then sent = signed = sent.encode('ISO-8859-1')
  when 'protocol-missing'     then sent = signed = sent.sub(%r{\s*<item key='protocol'>XCP</item>}, '')
  when 'command-missing'      then sent = signed = sent.sub('GET_BALANCE', '')
  end
  signed = signed.b
  key = key.b
  signature =
    case mistake
    when 'single-md5'         then md5(signed + key)
    when 'missing-second-key' then md5(md5(signed + key))
    when 'key-first'          then md5(key + md5(key + signed))
    when 'raw-digest'         then md5(Digest::MD5.digest(signed + key) + key)
    when 'hmac-md5'           then OpenSSL::HMAC.hexdigest('MD5', key, signed)
    when 'sha1'               then Digest::SHA1.hexdigest(Digest::SHA1.hexdigest(signed + key) + key)
    when 'sha256'             then Digest::SHA256.hexdigest(Digest::SHA256.hexdigest(signed + key) + key)
    when 'uppercase-hex'      then md5(md5(signed + key) + key).upcase
    when 'base64-digest'      then Digest::MD5.base64digest(md5(signed + key) + key)
    when 'username-in-hash'   then md5(md5(username + signed + key) + key)
    when 'signature-cut'      then md5(md5(signed + key) + key)[0, 16]
    when 'signature-malformed' then Digest::MD5.new.method(:hexdigest).inspect[0, 20]
    else md5(md5(signed + key) + key)
    end
  username = 'somebody' if mistake == 'username'

  uri = URI(url)
  uri.path = '/xml' if mistake == 'path'
  request = mistake == 'method' ? Net::HTTP::Get.new(uri) : Net::HTTP::Post.new(uri)
  request['Content-Type'] = 'text/xml' unless mistake == 'content-type'
  request[mistake == 'header-name' ? 'Username' : 'X-Username'] = username
  request['X-Signature'] = signature unless mistake == 'header-missing'
  request.body = sent unless mistake == 'method'
  case mistake
  when 'chunked-body'
    request.body = nil
    request['Transfer-Encoding'] = 'chunked'
    request.body_stream = StringIO.new(sent)
  when 'content-length-wrong'
    request.body = nil
    request.content_length = sent.length
    request.body_stream = StringIO.new(sent)
  when 'empty-body'
    request.body = ''
  end
  begin
    reply = Net::HTTP.start(uri.host, uri.port, use_ssl: true, ca_file: ca) { |http| http.request(request) }
  rescue SystemCallError, EOFError, OpenSSL::SSL::SSLError => e
    return e.message
  end
  return "HTTP #{reply.code}" if reply.code != '200'

  REXML::XPath.first(REXML::Document.new(reply.body), "//item[@key='response_code']").text
end

where = ARGV.shift(4)
ARGV.each { |mistake| puts call(*where, mistake) }
