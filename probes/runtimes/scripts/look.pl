# Connects and verifies as Perl's own scripts do, by IO::Socket::SSL, which LWP uses too.
use strict;
use warnings;
use Socket qw(getaddrinfo SOCK_STREAM);
my ($host, $port, $wait) = @ARGV;
my %r = (look => 1, version => sprintf('%vd', $^V), library => 'IO::Socket::SSL', stage => 'resolve', settings => {});
for my $name (qw(SSL_CERT_FILE SSL_CERT_DIR HTTPS_CA_FILE PERL_LWP_SSL_CA_FILE PERL5LIB OPENSSL_CONF https_proxy HTTPS_PROXY no_proxy NO_PROXY)) {
    $r{settings}{"env $name"} = $ENV{$name} if defined $ENV{$name} && $ENV{$name} ne '';
}

sub quoted {
    my $text = shift;
    $text = '' unless defined $text;
    return $text if $text =~ /\A[0-9]{1,9}\z/ && $text !~ /\A0[0-9]/;
    $text =~ s/(["\\])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf('\\u%04x', ord $1)/ge;
    return qq("$text");
}

sub tell_all {
    my @parts;
    for my $name (sort keys %r) {
        my $value = $r{$name};
        if (ref $value eq 'HASH') {
            $value = '{' . join(',', map { quoted($_) . ':"' . substr(quoted("x$value->{$_}"), 2) } sort keys %$value) . '}';
        }
        elsif (ref $value eq 'ARRAY') { $value = '[' . join(',', map { '"' . substr(quoted("x$_"), 2) } @$value) . ']' }
        elsif ($name =~ /\A(?:look|errno)\z/) { $value = int($value || 0) }
        else                                  { $value = '"' . substr(quoted("x$value"), 2) }
        push @parts, qq("$name":$value);
    }
    print "\n{" . join(',', @parts) . "}\n";
    exit 0;
}

my $reason = '';

sub judged {
    my ($ok, $store) = @_;
    $reason = Net::SSLeay::X509_verify_cert_error_string(Net::SSLeay::X509_STORE_CTX_get_error($store)) unless $ok;
    return $ok;
}

unless (eval { require IO::Socket::SSL; 1 }) {
    ($r{missing}, $r{error}) = ('IO::Socket::SSL', 'the module IO::Socket::SSL is not installed');
    tell_all();
}
$r{library} = "IO::Socket::SSL $IO::Socket::SSL::VERSION, " . eval { Net::SSLeay::SSLeay_version(0) };
my %store = eval { IO::Socket::SSL::default_ca() };
$r{trust_store} = [grep { defined && !ref } $ENV{SSL_CERT_FILE} || $store{SSL_ca_file}, $ENV{SSL_CERT_DIR} || $store{SSL_ca_path}];
my ($err, @found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
if ($err || !@found) { $r{error} = "$err"; tell_all() }
$r{stage} = 'connect';
require IO::Socket::IP;
my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_STREAM, Timeout => $wait);
unless ($s) { ($r{errno}, $r{error}) = ($! + 0, $@ || "$!"); tell_all() }
($r{address}, $r{local_address}) = ($s->peerhost, $s->sockhost);
$r{stage} = 'tls';
alarm($wait);
local $SIG{ALRM} = sub { $r{error} = 'no answer to the handshake'; tell_all() };
if (IO::Socket::SSL->start_SSL($s, SSL_hostname => $host, SSL_verifycn_name => $host, SSL_verifycn_scheme => 'http', SSL_verify_mode => 1, SSL_verify_callback => \&judged)) {
    ($r{stage}, $r{tls_version}) = ('verify', $s->get_sslversion);
}
else {
    no warnings 'once';
    $r{error} = "$IO::Socket::SSL::SSL_ERROR";
    $r{stage} = 'verify' if $r{error} =~ /certificate verify|hostname verification/;
    $r{error} .= ": $reason" if $r{stage} eq 'verify' && $reason ne '';
}
tell_all();
