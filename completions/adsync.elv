
use builtin;
use str;

set edit:completion:arg-completer[adsync] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'adsync'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'adsync'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Test settings, connection, rights and store, one line per step'
            cand search 'Directory users whose username, first, last or display name, or email starts with PREFIX'
            cand import 'Bring directory users into the store; those that are in it already are updated'
            cand list 'Users of the store'
            cand add 'Add a local user, or many'
            cand remove 'Take users out of the store (the directory is never written)'
            cand sync 'Synchronise imported users; without a selection, all of them'
            cand history 'Past runs; with a number, every change of that run'
            cand restore 'Bring deleted users back, with the values they had'
            cand completions 'Completion script on standard output'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'adsync;check'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;search'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;import'= {
            cand --users 'These users, by sAMAccountName, userPrincipalName or mail; comma-separated, repeatable'
            cand --group 'The members of this group, nested ones included'
            cand --ou 'The users at or below this DN'
            cand --filter 'The users that match this filter as well'
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --all 'All users of the scope'
            cand --dry-run 'The whole run and the same checks, but nothing is written'
            cand --exit-code 'With --dry-run: exit 3 when there is something to do'
            cand --strict 'Exit 7 when there are duplicates'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;list'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;add'= {
            cand --email 'Email address'
            cand --first-name 'First name'
            cand --last-name 'Last name'
            cand --contact-number 'Contact number'
            cand --from-csv 'Many users from a CSV file (- for standard input) with a header of username, email, first_name, last_name, contact_number'
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;remove'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;sync'= {
            cand --users 'Only these users, by their store usernames, any case; comma-separated, repeatable'
            cand --allow-deletes 'Let exactly this many deletions through that the guard would refuse'
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --all 'All imported users (the default)'
            cand --full 'Ignore the saved change mark'
            cand --dry-run 'The whole run and the same checks, but nothing is written'
            cand --exit-code 'With --dry-run: exit 3 when there is something to do'
            cand --strict 'Exit 7 when there are duplicates'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;history'= {
            cand --user 'One user''s changes, by any username it ever had'
            cand --limit 'How many runs'
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;restore'= {
            cand --run 'All that this run deleted'
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --dry-run 'The same checks, but nothing is written'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;completions'= {
            cand -c 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --config 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]'
            cand --format 'How the result is printed'
            cand --log-format 'How standard error is written'
            cand --wait 'Wait this many seconds for another run to end, instead of giving up at once'
            cand --color 'When to use colour'
            cand --csv-safe 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
            cand -q 'Say nothing unless users were changed or something is wrong'
            cand --quiet 'Say nothing unless users were changed or something is wrong'
            cand -v 'Say more on standard error; -vv shows every search'
            cand --verbose 'Say more on standard error; -vv shows every search'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'adsync;help'= {
            cand check 'Test settings, connection, rights and store, one line per step'
            cand search 'Directory users whose username, first, last or display name, or email starts with PREFIX'
            cand import 'Bring directory users into the store; those that are in it already are updated'
            cand list 'Users of the store'
            cand add 'Add a local user, or many'
            cand remove 'Take users out of the store (the directory is never written)'
            cand sync 'Synchronise imported users; without a selection, all of them'
            cand history 'Past runs; with a number, every change of that run'
            cand restore 'Bring deleted users back, with the values they had'
            cand completions 'Completion script on standard output'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'adsync;help;check'= {
        }
        &'adsync;help;search'= {
        }
        &'adsync;help;import'= {
        }
        &'adsync;help;list'= {
        }
        &'adsync;help;add'= {
        }
        &'adsync;help;remove'= {
        }
        &'adsync;help;sync'= {
        }
        &'adsync;help;history'= {
        }
        &'adsync;help;restore'= {
        }
        &'adsync;help;completions'= {
        }
        &'adsync;help;help'= {
        }
    ]
    $completions[$command]
}
