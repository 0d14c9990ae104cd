# Connects and verifies as Ruby's own scripts do, by Net::HTTP. No request is made.
require 'json'
host, port, wait = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
settings = {}
%w[SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF http_proxy HTTP_PROXY https_proxy HTTPS_PROXY no_proxy NO_PROXY RUBYOPT].each do |name|
  settings["env #{name}"] = ENV[name] if ENV[name] && !ENV[name].empty?
end
r = { look: 1, version: RUBY_VERSION, library: 'net/http', stage: 'resolve', settings: settings }
begin
  require 'net/http'
  require 'openssl'
  r[:library] = "net/http, #{OpenSSL::OPENSSL_LIBRARY_VERSION}"
  usual = OpenSSL::X509::DEFAULT_CERT_FILE
  r[:trust_store] = [ENV['SSL_CERT_FILE'] || (usual if File.exist?(usual)), ENV['SSL_CERT_DIR'] || OpenSSL::X509::DEFAULT_CERT_DIR].compact
  http = Net::HTTP.new(host, port)
  http.use_ssl = true
  http.open_timeout = http.ssl_timeout = wait
  http.max_retries = 0 if http.respond_to?(:max_retries=)
  r[:proxy] = "http://#{http.proxy_address}:#{http.proxy_port}" if http.proxy?
  http.start
  stream = http.instance_variable_get(:@socket).io
  r[:stage] = 'verify'
  r[:tls_version] = stream.ssl_version
  r[:address] = stream.io.remote_address.ip_address unless http.proxy?
  r[:local_address] = stream.io.local_address.ip_address
  http.finish
rescue LoadError => e
  r[:missing], r[:error] = 'openssl', e.message
rescue StandardError => e
  text = "#{e.class}: #{e.message}"
  r[:stage] =
    case text
    when /getaddrinfo|Name or service not known|SocketError/ then 'resolve'
    when /certificate verify failed|hostname .* does not match/ then 'verify'
    when /OpenSSL::SSL|SSL_connect/ then 'tls'
    else 'connect'
    end
  r[:errno] = e.is_a?(SystemCallError) ? e.errno : 0
  r[:error] = e.message
end
puts "\n#{JSON.generate(r)}"
