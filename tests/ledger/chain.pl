#!/usr/bin/perl
# Checks the book's chain, and proofs from it, with nothing of Ainalym.
#
#     perl chain.pl VECTORS.json         every hash, seal and root of the entries in the file
#     perl chain.pl PROOF.json ROOT      one proof, against a root that was printed (64 hex digits)
#
# Written from docs/reference/chain.md alone. It needs Perl 5 with integers of 64 bits and modules
# that come with it. Exit status: 0 all holds, 1 something does not (a line for each fault), 2 the
# file cannot be read.

use strict;
use warnings FATAL => 'all';
use B;
use Config;
use Digest::SHA qw(sha256 sha256_hex);
use Encode qw(encode);
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);

my $ZEROS = "\0" x 32;
my $BELOW = 9_007_199_254_740_992;
my @COLUMNS = qw(actor body corrects draws event_ms hash id kind noted postings recorded_ms
    reverses salt seq site);
my @PUBLIC = qw(corrects draws event_ms id kind money noted postings recorded_ms reverses seq site
    version);
my %KIND = map { $_ => 1 } qw(ticket dispatch arrival change sale count payment reversal rule
    close erasure clock upgrade);
my %ESCAPE = ('"' => '\\"', '\\' => '\\\\', "\b" => '\\b', "\f" => '\\f', "\n" => '\\n',
    "\r" => '\\r', "\t" => '\\t');
my $NEEDED = qr/\A(?:rule|close|count|erasure|clock|upgrade)\z/;
my @faults;

sub fault { my ($where, $what) = @_; push @faults, "$where: $what"; return }

sub octets_of { my ($text) = @_; utf8::encode($text); return $text }

# ---- JSON: what a value is, as it was read ----
#
# Perl may note on a number that it was used as a text, and the other way round. So what a value is
# gets asked before it is used, and what is written out again is made of fresh copies.

sub flags { return B::svref_2object(\$_[0])->FLAGS }
sub is_text { return defined $_[0] && !ref $_[0] && (flags($_[0]) & B::SVf_POK) != 0 }

sub is_whole {
    return 0 if !defined $_[0] || ref $_[0];
    my $flags = flags($_[0]);
    return ($flags & B::SVf_IOK) && !($flags & (B::SVf_POK | B::SVf_NOK)) ? 1 : 0;
}

sub is_hex { my ($value, $octets) = @_; return is_text($value) && $value =~ /\A[0-9a-f]*\z/
    && length $value == 2 * $octets }

# Whether it is a list of lists of three; whole numbers, the first as `$first` says.
sub is_list_of_threes {
    my ($list, $first) = @_;
    return ref $list eq 'ARRAY' && !grep { ref ne 'ARRAY' || @$_ != 3 || !$first->($_->[0])
        || !is_whole($_->[1]) || !is_whole($_->[2]) } @$list;
}

sub read_json {
    my ($text) = @_;
    my $value = eval { JSON::PP->new->allow_nonref->decode($text) };
    return $value if !$@;
    (my $why = $@) =~ s/ at \S+ line \d+\.?\s*\z//;
    $why =~ s/\s+/ /g;
    die "is not JSON: $why\n";
}

# ---- RFC 8785, for what a book holds ----

sub canonical {
    my $kind = ref $_[0];
    return 'null' if !defined $_[0];
    return $_[0] ? 'true' : 'false' if $kind eq 'JSON::PP::Boolean';
    return '[' . join(',', map { canonical($_) } @{$_[0]}) . ']' if $kind eq 'ARRAY';
    return canonical_object($_[0]) if $kind eq 'HASH';
    if (is_whole($_[0])) {
        my $number = $_[0];
        die "holds a whole number of 2^53 or more\n" if $number >= $BELOW || $number <= -$BELOW;
        return sprintf '%d', $number;
    }
    die "holds a number that is not whole\n" if !is_text($_[0]);
    my $text = $_[0];
    die "holds the character U+0000\n" if $text =~ /\0/;
    die "holds half of a pair of characters\n" if $text =~ /[\x{D800}-\x{DFFF}]/;
    $text =~ s/(["\\\x01-\x1f])/$ESCAPE{$1} \/\/ sprintf '\\u%04x', ord $1/ge;
    return qq("$text");
}

sub canonical_object {
    my ($object) = @_;
    my %units = map { $_ => encode('UTF-16BE', $_) } keys %$object;
    my @names = sort { $units{$a} cmp $units{$b} } keys %$object;
    return '{' . join(',', map { canonical($_) . ':' . canonical($object->{$_}) } @names) . '}';
}

# Reads an object that has to be canonical JSON; the bytes that another program would write.
sub read_canonical {
    my ($text, $what) = @_;
    my $value = eval { read_json($text) };
    die "$what $@" if $@;
    die "$what is not an object\n" if ref $value ne 'HASH';
    my $again = eval { canonical($value) };
    die "$what $@" if $@;
    die "$what is not canonical JSON (RFC 8785)\n" if $again ne $text;
    return $value;
}

# ---- RFC 6962, section 2.1 ----

sub merkle {
    my @leaves = @_;
    return sha256('') if !@leaves;
    return sha256("\0", $leaves[0]) if @leaves == 1;
    my $left = 1;
    $left *= 2 while 2 * $left < @leaves;
    return sha256("\1", merkle(@leaves[0 .. $left - 1]), merkle(@leaves[$left .. $#leaves]));
}

# ---- Entries ----

sub check_columns {
    my ($row) = @_;
    for my $name (qw(body hash id kind noted site actor)) {
        die "$name is not a text\n" if !is_text($row->{$name});
    }
    for my $name (qw(corrects event_ms recorded_ms reverses seq)) {
        die "$name is not a whole number\n" if !is_whole($row->{$name});
    }
    for my $name (qw(postings draws)) {
        die "$name are not lists of three whole numbers\n"
            if !is_list_of_threes($row->{$name}, \&is_whole);
    }
    my %known = map { $_ => 1 } @COLUMNS;
    die "has other columns than an entry has\n" if grep { !$known{$_} } keys %$row;
    die "id is not 32 hex digits\n" if !is_hex($row->{id}, 16);
    die "hash is not 64 hex digits\n" if !is_hex($row->{hash}, 32);
    die "there is no kind $row->{kind}\n" if !$KIND{$row->{kind}};
    return;
}

sub octets_1 {
    my ($row, $before) = @_;
    my @lines = map { "$row->{$_}" }
        qw(seq id kind site event_ms recorded_ms actor reverses corrects noted body);
    my @numbers = map { (scalar @$_, map { @$_ } @$_) } @$row{qw(postings draws)};
    return $before . octets_of(join "\n", @lines) . "\0" . pack 'q<*', @numbers;
}

sub public_of {
    my ($row, $names, $salt_1) = @_;
    my (@open, @money);
    for (@{$row->{postings}}) {
        my ($account, $lot, $quantity) = @$_;
        my $name = $names->{$account} // die "account $account has no name\n";
        my $posting = ["$name", 0 + $lot, 0 + $quantity];
        if ($name =~ /\Amoney:/) { push @money, $posting; next }
        die "a posting in grams or pieces stands after one in money\n" if @money;
        push @open, $posting;
    }
    my %public = (version => 2, noted => read_canonical($row->{noted}, 'noted'),
        money => sha256_hex($salt_1, octets_of(canonical(\@money))), postings => \@open);
    $public{$_} = "$row->{$_}" for qw(kind site);
    $public{id} = sha256_hex($salt_1, pack 'H*', $row->{id});
    $public{$_} = 0 + $row->{$_} for qw(corrects event_ms recorded_ms reverses seq);
    $public{draws} = [map { [map { 0 + $_ } @$_] } @{$row->{draws}}];
    return \%public;
}

sub octets_2 {
    my ($row, $before, $names, $erased) = @_;
    my $octets = $erased ? 16 : 32;
    die "salt is not $octets octets in hex\n" if !is_hex($row->{salt}, $octets);
    my ($salt_1, $salt_2) = unpack 'a16 a*', pack 'H*', $row->{salt};
    my $public = public_of($row, $names, $salt_1);
    my $seal;
    if ($erased) {
        die "was erased, and its body is no seal\n" if !is_hex($row->{body}, 32);
        $seal = pack 'H*', $row->{body};
    }
    else {
        read_canonical($row->{body}, 'body');
        $seal = sha256($salt_2, octets_of($row->{body}));
    }
    return "\2" . $before . sha256(octets_of(canonical($public))) . $seal;
}

# What was told, by name, as far as columns are derived from it.
sub told {
    my ($row) = @_;
    my $body = read_json($row->{body});
    return $body if defined $row->{salt};
    die "body is not a list\n" if ref $body ne 'ARRAY';
    my @names = qw(kind id site event_ms actor device_ms reason corrects);
    push @names, qw(from_ms to_ms) if $row->{kind} eq 'close';
    my %told;
    for my $k (0 .. $#names) { $told{$names[$k]} = $body->[$k] if $k < @$body }
    return \%told;
}

sub check_told {
    my ($row) = @_;
    my $told = told($row);
    (my $id = $told->{id} // '') =~ tr/-//d;
    my %said = (%$told, id => $id, actor => $told->{actor} // '');
    for my $name (qw(kind id site event_ms actor)) {
        die "$name is not what its body says\n" if ($said{$name} // '') ne $row->{$name};
    }
    return;
}

# Numbers and names of the accounts that an entry is the first to use.
sub opened {
    my ($row) = @_;
    return %{read_json($row->{noted})->{opened} // {}} if defined $row->{salt};
    return () if $row->{noted} eq '' || $row->{kind} eq 'close';
    return map { /\A(\d+)=(.+)\z/s ? ($1, $2) : die "noted is not number=name\n" }
        split /,(?=\d+=)/, $row->{noted};
}

sub noted_root {
    my ($row) = @_;
    return read_json($row->{noted})->{root} // '' if defined $row->{salt};
    return $row->{noted} =~ /\Aroot ([0-9a-f]{64})\z/ ? $1 : '';
}

sub check_upgrade {
    my ($row, @before) = @_;
    my $told = told($row);
    my %due = (from_version => 1, to_version => 2, entries => scalar @before,
        head => unpack 'H*', @before ? $before[-1] : $ZEROS);
    for my $name (sort keys %due) {
        die "$name of the upgrade should be $due{$name}\n" if ($told->{$name} // '') ne $due{$name};
    }
    die "root of the upgrade is not that of the entries before it\n"
        if noted_root($row) ne unpack 'H*', merkle(@before);
    return;
}

# ---- A file of entries ----

sub check_order {
    my ($row, $before) = @_;
    my ($seq, $due) = ($row->{seq}, $before ? $before->{seq} + 1 : 1);
    fault("entry $due", "is missing, and what follows up to $seq") if $seq > $due;
    die "does not stand in its place\n" if $seq < $due;
    my $new = defined $row->{salt};
    my $old = $before && !defined $before->{salt};
    die "is of version 1 and stands after version 2\n" if !$new && $before && !$old;
    die "should be the upgrade to version 2\n" if $new && $old && $row->{kind} ne 'upgrade';
    die "is an upgrade where there is nothing of version 1 before it\n"
        if $row->{kind} eq 'upgrade' && !($new && $old);
    return;
}

sub check_entry {
    my ($row, $before, $names, $erased) = @_;
    my $octets = defined $row->{salt} ? octets_2($row, $before, $names, $erased)
        : octets_1($row, $before);
    die "its hash is not that of what it says and of the entry before\n"
        if $row->{hash} ne sha256_hex($octets);
    if ($erased) { die "was erased and names who told it\n" if $row->{actor} ne '' }
    else { check_told($row) }
    return;
}

# Which entries were erased: number to the erasure that says so.
sub erasures {
    my ($rows) = @_;
    my (%erased, %rows);
    for my $row (@$rows) {
        $rows{$row->{seq}} = $row;
        next if ($row->{kind} // '') ne 'erasure';
        my $noted = eval { read_json($row->{noted}) } // {};
        my $of = ref $noted eq 'HASH' ? $noted->{erases} : undef;
        if (!defined $of || !$rows{$of} || $of >= $row->{seq}) {
            fault("entry $row->{seq}", 'erases no entry before it');
        }
        elsif (!defined $rows{$of}{salt} || $rows{$of}{kind} =~ $NEEDED) {
            fault("entry $of", "is not one that entry $row->{seq} can erase");
        }
        else { $erased{$of} = $row->{seq} }
    }
    return \%erased;
}

sub check_accounts {
    my ($rows, $names) = @_;
    my %opened;
    for my $row (@$rows) {
        my %here = eval { opened($row) };
        fault("entry $row->{seq}", $@ =~ s/\n//r) if $@;
        for my $number (sort { $a <=> $b } keys %here) {
            fault("entry $row->{seq}", "opens account $number again") if $opened{$number}++;
            fault("entry $row->{seq}", "names account $number otherwise than the accounts do")
                if ($names->{$number} // '') ne $here{$number};
        }
        for my $posting (@{$row->{postings}}) {
            # Accounts of money are named under their seal alone.
            my $name = $names->{$posting->[0]} // '';
            $opened{$posting->[0]}++ if defined $row->{salt} && $name =~ /\Amoney:/;
            fault("entry $row->{seq}", "account $posting->[0] was not opened")
                if !$opened{$posting->[0]};
        }
    }
    for (sort { $a <=> $b } grep { !$opened{$_} } keys %$names) {
        fault("account $_", 'no entry opens it');
    }
    return;
}

sub check_period {
    my ($row, $period, $rows) = @_;
    die "closes a period that is not among the periods\n" if !$period;
    my $told = told($row);
    my %due = (site => $row->{site} eq '*' ? '' : $row->{site},
        from_ms => $told->{from_ms} // 0, to_ms => $told->{to_ms} // 0, root => noted_root($row));
    my @in = grep { $_->{event_ms} >= $due{from_ms} && $_->{event_ms} < $due{to_ms}
        && ($due{site} eq '' || $_->{site} eq $due{site}) } @$rows;
    $due{entries} = @in;
    for my $name (sort keys %due) {
        die "$name of its period should be $due{$name}\n" if $period->{$name} ne $due{$name};
    }
    die "root of its period is not that of the $due{entries} entries in it\n"
        if $due{root} ne unpack 'H*', merkle(map { pack 'H*', $_->{hash} } @in);
    return;
}

sub attempt {
    my ($where, $what, @given) = @_;
    eval { $what->(@given); 1 } and return 1;
    (my $why = $@) =~ s/\s+\z//;
    fault($where, $why);
    return 0;
}

sub check_periods {
    my ($rows, $periods) = @_;
    my %period;
    for (@$periods) {
        fault("entry $_->{entry}", 'closes two periods') if $period{$_->{entry}};
        $period{$_->{entry}} = $_;
    }
    for my $row (grep { $_->{kind} eq 'close' } @$rows) {
        attempt("entry $row->{seq}", \&check_period, $row, delete $period{$row->{seq}}, $rows);
    }
    fault("entry $_", 'closes no period') for sort { $a <=> $b } keys %period;
    return;
}

sub check_lists {
    my ($file) = @_;
    my %due = (entries => 'ARRAY', accounts => 'HASH', periods => 'ARRAY', erased => 'ARRAY');
    for my $name (sort keys %due) {
        die "$name should be a list, or an object\n" if ref $file->{$name} ne $due{$name};
    }
    for my $row (@{$file->{entries}}) {
        die "an entry is not an object with a number\n"
            if ref $row ne 'HASH' || !is_whole($row->{seq});
    }
    for my $row (@{$file->{periods}}) {
        die "a period is not an object of numbers and texts\n" if ref $row ne 'HASH'
            || grep({ !is_whole($row->{$_}) } qw(entry entries from_ms to_ms))
            || grep({ !is_text($row->{$_}) } qw(root site));
    }
    die "erased is not a list of numbers\n" if grep { !is_whole($_) } @{$file->{erased}};
    die "head is not 64 hex digits\n" if !is_hex($file->{head}, 32);
    for my $number (sort keys %{$file->{accounts}}) {
        die "account $number is not a number with a name\n"
            if $number !~ /\A[1-9]\d*\z/ || !is_text($file->{accounts}{$number});
    }
    return;
}

sub check_file {
    my ($file) = @_;
    attempt('file', \&check_lists, $file) or return;
    my ($rows, $names) = @$file{qw(entries accounts)};
    my @sound = grep { attempt("entry $_->{seq}", \&check_columns, $_) } @$rows;
    my %sound = map { $_->{seq} => 1 } @sound;
    my $erased = erasures(\@sound);
    my ($before, @hashes, %count);
    for my $row (@$rows) {
        my $where = "entry $row->{seq}";
        attempt($where, \&check_order, $row, $before);
        next if !$sound{$row->{seq}};
        my $hash = @hashes ? $hashes[-1] : $ZEROS;
        attempt($where, \&check_entry, $row, $hash, $names, $erased->{$row->{seq}}) or next;
        attempt($where, \&check_upgrade, $row, @hashes) if $row->{kind} eq 'upgrade';
        $count{defined $row->{salt} ? 2 : 1}++;
    }
    continue {
        push @hashes, is_hex($row->{hash}, 32) ? pack 'H*', $row->{hash} : $ZEROS;
        $before = $row;
    }
    my %lists;
    $lists{$_}++ for @{$file->{erased}}, keys %$erased;
    fault("entry $_", 'is erased by its erasure or by the list of erased, not by both')
        for sort { $a <=> $b } grep { $lists{$_} != 2 } keys %lists;
    my $last = $before ? $before->{seq} : 0;
    fault("entry $last", 'is last, and its hash is not the head')
        if $file->{head} ne unpack 'H*', $last ? $hashes[-1] : $ZEROS;
    check_accounts(\@sound, $names);
    check_periods(\@sound, $file->{periods});
    return sprintf "%d entries hold: %d of version 1, %d of version 2, %d of them erased; "
        . "%d accounts, %d periods; head %s\n", scalar @$rows, $count{1} // 0, $count{2} // 0,
        scalar keys %$erased, scalar keys %$names, scalar @{$file->{periods}}, $file->{head};
}

# ---- A proof ----

sub shown_1 {
    my ($octets, $number) = @_;
    my ($text, $rest) = unpack('x32 a*', $octets) =~ /\A([^\0]*)\0(.*)\z/s
        or die "octets are not those of an entry of version 1\n";
    my @lines = split /\n/, $text, -1;
    die "octets do not have eleven lines\n" if @lines < 11;
    die "octets are those of entry $lines[0]\n" if $lines[0] ne $number;
    die "octets end in the middle of a number\n" if length($rest) % 8;
    my @numbers = unpack 'q<*', $rest;
    my $many = shift @numbers // -1;
    die "octets do not hold the postings they count\n" if $many < 0 || 3 * $many >= @numbers;
    my @postings = map { [splice @numbers, 0, 3] } 1 .. $many;
    my $draws = shift @numbers;
    die "octets do not hold the draws they count\n" if 3 * $draws != @numbers;
    return map { "account $_->[0], lot $_->[1]: $_->[2]" } @postings;
}

sub shown_2 {
    my ($octets, $number, $public) = @_;
    die "octets are not those of an entry of version 2\n"
        if length $octets != 97 || substr($octets, 0, 1) ne "\2";
    die "public is not a text\n" if !is_text($public);
    die "public is not what the octets hold\n"
        if sha256(octets_of($public)) ne substr $octets, 33, 32;
    my $shown = read_canonical($public, 'public');
    die "public does not have the names it should have\n" if "@{[sort keys %$shown]}" ne "@PUBLIC";
    die "public is of version $shown->{version}\n" if $shown->{version} ne '2';
    die "public is of entry $shown->{seq}\n" if $shown->{seq} ne $number;
    die "postings are not lists of account, lot and quantity\n"
        if !is_list_of_threes($shown->{postings}, \&is_text);
    my %unit = (mass => 'g', count => 'pieces');
    return map {
        my ($name, $lot, $quantity) = @$_;
        my $unit = $unit{(split /:/, $name)[0]} // die "account $name is not public\n";
        octets_of("$name, lot $lot: $quantity $unit");
    } @{$shown->{postings}};
}

sub check_proof {
    my ($proof, $root) = @_;
    my ($entry, $branch, $period) = @$proof{qw(entry branch period)};
    die "entry, branch or period is not there\n"
        if ref $entry ne 'HASH' || ref $branch ne 'ARRAY' || ref $period ne 'HASH';
    die "number is not a whole number\n" if !is_whole($entry->{number});
    die "hash is not 64 hex digits\n" if !is_hex($entry->{hash}, 32);
    my $octets = is_text($entry->{octets}) ? decode_base64(octets_of($entry->{octets})) : '';
    die "octets are not base 64\n" if encode_base64($octets, '') ne ($entry->{octets} // '');
    die "hash is not that of the octets\n" if $entry->{hash} ne sha256_hex($octets);
    my @shown = exists $entry->{public} ? shown_2($octets, @$entry{qw(number public)})
        : shown_1($octets, $entry->{number});
    my $found = sha256("\0", pack 'H*', $entry->{hash});
    for my $step (@$branch) {
        die "branch is not a list of side and hash\n" if ref $step ne 'HASH'
            || !is_hex($step->{hash}, 32) || ($step->{side} // '') !~ /\A(?:left|right)\z/;
        my @pair = ($found, pack 'H*', $step->{hash});
        @pair = reverse @pair if $step->{side} eq 'left';
        $found = sha256("\1", @pair);
    }
    die "root of the period in the proof is another one\n" if ($period->{root} // '') ne $root;
    die "branch does not lead to the root\n" if $root ne unpack 'H*', $found;
    return join '', map { "$_\n" } @shown, "entry $entry->{number} holds: it is under root $root";
}

# ---- The command ----

sub read_file {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: cannot be read: $!\n";
    local $/;
    my $text = <$file> // '';
    utf8::decode($text) or die "$path: is not UTF-8\n";
    my $told = eval { read_json($text) };
    die "$path: $@" if $@;
    die "$path: is not an object\n" if ref $told ne 'HASH';
    return $told;
}

die "This needs a Perl with integers of 64 bits.\n" if $Config{ivsize} < 8;
if (@ARGV < 1 || @ARGV > 2 || (@ARGV == 2 && $ARGV[1] !~ /\A[0-9a-f]{64}\z/)) {
    print STDERR "usage: perl chain.pl VECTORS.json | perl chain.pl PROOF.json ROOT\n";
    exit 2;
}
my $told = eval { read_file($ARGV[0]) };
if ($@) { print STDERR $@; exit 2 }
my $said = '';
attempt(@ARGV == 2 ? 'proof' : 'file', sub {
    $said = @ARGV == 2 ? check_proof($told, $ARGV[1]) : check_file($told);
});
print @faults ? map { octets_of("$_\n") } @faults : $said;
exit(@faults ? 1 : 0);
