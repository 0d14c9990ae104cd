# Drives Net::OpenSRS, a client of the service that others wrote.
# perl client.pl URL CA-FILE USERNAME KEY-FILE COMMAND [DOMAIN…] prints what the module says to each domain, and its
# last response. An empty CA file leaves the module's own trust as it is.
use strict;
use warnings;
use Net::OpenSRS;

my ($url, $ca, $username, $keyfile, $command, @domains) = @ARGV;
$ENV{HTTPS_CA_FILE} = $ENV{PERL_LWP_SSL_CA_FILE} = $ca if $ca;
open my $file, '<', $keyfile or die "$keyfile: $!\n";
chomp(my $key = <$file>);

my $srs = Net::OpenSRS->new;
$srs->{config}{test}{host} = $url;    # the module knows the two public services only
$srs->set_key($key);
$srs->set_manage_auth($username, 'unused');
$srs->debug_level(1);

if ($command eq 'balance') {
    my $reply = $srs->make_request({ action => 'get_balance', object => 'balance', attributes => {} });
    print defined $reply ? "answered\n" : "no answer\n";
} elsif ($command eq 'lookup') {
    for (@domains) {
        my $available = $srs->is_available($_);
        print "$_: ", defined $available ? $available ? 'available' : 'taken' : 'not known', "\n";
    }
} elsif ($command eq 'transfer') {
    my $result = $srs->check_transfer($domains[0]);
    print defined $result ? "answered\n" : "no answer\n";
}
print 'last response: ', $srs->last_response, "\n";
