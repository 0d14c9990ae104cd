# Connects and verifies as Perl's own scripts do, by IO::Socket::SSL, and with the settings of LWP, which has a store of its
# own. No request is made.
use strict;
use warnings;
use Socket qw(getaddrinfo SOCK_STREAM);
my ($host, $port, $wait) = @ARGV;
my %r = (look => 1, version => sprintf('%vd', $^V), library => 'IO::Socket::SSL', stage => 'resolve', settings => {});
for my $name (qw(SSL_CERT_FILE SSL_CERT_DIR HTTPS_CA_FILE PERL_LWP_SSL_CA_FILE PERL_LWP_SSL_CA_PATH PERL5LIB OPENSSL_CONF https_proxy HTTPS_PROXY no_proxy NO_PROXY)) {
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
    exit 0;
}
my $openssl = eval { Net::SSLeay::SSLeay_version(0) } || 'no OpenSSL';

# One look; false where no other store helps.
sub look {
    my ($library, $store, %with) = @_;
    delete @r{qw(error errno address local_address tls_version)};
    ($r{library}, $r{trust_store}, $r{stage}) = ("$library, $openssl", [grep { defined && !ref && $_ ne '' } @$store], 'resolve');
    my ($err, @found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
    if ($err || !@found) { $r{error} = "$err"; tell_all(); return 0 }
    $r{stage} = 'connect';
    require IO::Socket::IP;
    my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_STREAM, Timeout => $wait);
    unless ($s) { ($r{errno}, $r{error}) = ($! + 0, $@ || "$!"); tell_all(); return 0 }
    ($r{address}, $r{local_address}) = ($s->peerhost, $s->sockhost);
    ($r{stage}, $reason) = ('tls', '');
    local $SIG{ALRM} = sub { $r{error} = 'no answer to the handshake'; tell_all(); exit 0 };
    alarm($wait);
    if (IO::Socket::SSL->start_SSL($s, SSL_hostname => $host, SSL_verifycn_name => $host, SSL_verify_callback => \&judged, %with)) {
        ($r{stage}, $r{tls_version}) = ('verify', $s->get_sslversion);
    }
    else {
        no warnings 'once';
        $r{error} = "$IO::Socket::SSL::SSL_ERROR";
        $r{stage} = 'verify' if $r{error} =~ /certificate verify|hostname verification/;
        $r{error} .= ": $reason" if $r{stage} eq 'verify' && $reason ne '';
    }
    alarm(0);
    tell_all();
    return 1;
}

my %store = eval { IO::Socket::SSL::default_ca() };
delete $store{SSL_ca_file} unless defined $store{SSL_ca_file} && -e $store{SSL_ca_file};
my $goes_on = look("IO::Socket::SSL $IO::Socket::SSL::VERSION", [$ENV{SSL_CERT_FILE} || $store{SSL_ca_file}, $ENV{SSL_CERT_DIR} || $store{SSL_ca_path}],
    SSL_verifycn_scheme => 'http', SSL_verify_mode => 1);
my %lwp = eval {
    require LWP::UserAgent;
    require LWP::Protocol::https;
    LWP::Protocol::create('https', LWP::UserAgent->new(timeout => $wait))->_extra_sock_opts($host, $port);
};
%lwp = map { $_ => $lwp{$_} } grep { /^SSL_/ } keys %lwp;
look("LWP $LWP::UserAgent::VERSION", [@lwp{qw(SSL_ca_file SSL_ca_path)}], %lwp) if $goes_on && %lwp;
