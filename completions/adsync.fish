# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_adsync_global_optspecs
    string join \n c/config= format= csv-safe q/quiet v/verbose log-format= wait= color= h/help V/version
end

function __fish_adsync_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_adsync_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_adsync_using_subcommand
    set -l cmd (__fish_adsync_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c adsync -n "__fish_adsync_needs_command" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_needs_command" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_needs_command" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_needs_command" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_needs_command" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_needs_command" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_needs_command" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_needs_command" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "check" -d 'Test settings, connection, rights and store, one line per step'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "search" -d 'Directory users whose username, first, last or display name, or email starts with PREFIX'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "import" -d 'Bring directory users into the store; those that are in it already are updated'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "list" -d 'Users of the store'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "add" -d 'Add a local user, or many'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "remove" -d 'Take users out of the store (the directory is never written)'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "sync" -d 'Synchronise imported users; without a selection, all of them'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "history" -d 'Past runs; with a number, every change of that run'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "restore" -d 'Bring deleted users back, with the values they had'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "completions" -d 'Completion script on standard output'
complete -c adsync -n "__fish_adsync_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c adsync -n "__fish_adsync_using_subcommand check" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand check" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand check" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand check" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand check" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand check" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand check" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand check" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand search" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand search" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand search" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand search" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand search" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand search" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand search" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand search" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand search" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand import" -l users -d 'These users, by sAMAccountName, userPrincipalName or mail; comma-separated, repeatable' -r
complete -c adsync -n "__fish_adsync_using_subcommand import" -l group -d 'The members of this group, nested ones included' -r
complete -c adsync -n "__fish_adsync_using_subcommand import" -l ou -d 'The users at or below this DN' -r
complete -c adsync -n "__fish_adsync_using_subcommand import" -l filter -d 'The users that match this filter as well' -r
complete -c adsync -n "__fish_adsync_using_subcommand import" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand import" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand import" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand import" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand import" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand import" -l all -d 'All users of the scope'
complete -c adsync -n "__fish_adsync_using_subcommand import" -l dry-run -d 'The whole run and the same checks, but nothing is written'
complete -c adsync -n "__fish_adsync_using_subcommand import" -l exit-code -d 'With --dry-run: exit 3 when there is something to do'
complete -c adsync -n "__fish_adsync_using_subcommand import" -l strict -d 'Exit 7 when there are duplicates'
complete -c adsync -n "__fish_adsync_using_subcommand import" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand import" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand import" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand import" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand list" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand list" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand list" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand list" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand list" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand list" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand list" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand list" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand add" -l email -d 'Email address' -r
complete -c adsync -n "__fish_adsync_using_subcommand add" -l first-name -d 'First name' -r
complete -c adsync -n "__fish_adsync_using_subcommand add" -l last-name -d 'Last name' -r
complete -c adsync -n "__fish_adsync_using_subcommand add" -l contact-number -d 'Contact number' -r
complete -c adsync -n "__fish_adsync_using_subcommand add" -l from-csv -d 'Many users from a CSV file (- for standard input) with a header of username, email, first_name, last_name, contact_number' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand add" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand add" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand add" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand add" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand add" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand add" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand add" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand add" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand add" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand remove" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand remove" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand remove" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand remove" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand remove" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand remove" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand remove" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand remove" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand remove" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l users -d 'Only these users, by their store usernames, any case; comma-separated, repeatable' -r
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l allow-deletes -d 'Let exactly this many deletions through that the guard would refuse' -r
complete -c adsync -n "__fish_adsync_using_subcommand sync" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l all -d 'All imported users (the default)'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l full -d 'Ignore the saved change mark'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l dry-run -d 'The whole run and the same checks, but nothing is written'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l exit-code -d 'With --dry-run: exit 3 when there is something to do'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l strict -d 'Exit 7 when there are duplicates'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand sync" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand history" -l user -d 'One user\'s changes, by any username it ever had' -r
complete -c adsync -n "__fish_adsync_using_subcommand history" -l limit -d 'How many runs' -r
complete -c adsync -n "__fish_adsync_using_subcommand history" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand history" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand history" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand history" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand history" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand history" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand history" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand history" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand history" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l run -d 'All that this run deleted' -r
complete -c adsync -n "__fish_adsync_using_subcommand restore" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l dry-run -d 'The same checks, but nothing is written'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand restore" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand completions" -s c -l config -d 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]' -r -F
complete -c adsync -n "__fish_adsync_using_subcommand completions" -l format -d 'How the result is printed' -r -f -a "table\t'A table for people'
json\t'JSON, version 1'
csv\t'Comma-separated values (RFC 4180) with a header'"
complete -c adsync -n "__fish_adsync_using_subcommand completions" -l log-format -d 'How standard error is written' -r -f -a "text\t'Lines for people'
json\t'A JSON object a line, with timestamp, level, target and message'"
complete -c adsync -n "__fish_adsync_using_subcommand completions" -l wait -d 'Wait this many seconds for another run to end, instead of giving up at once' -r
complete -c adsync -n "__fish_adsync_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c adsync -n "__fish_adsync_using_subcommand completions" -l csv-safe -d 'With --format csv: an apostrophe before what a spreadsheet would take for a formula'
complete -c adsync -n "__fish_adsync_using_subcommand completions" -s q -l quiet -d 'Say nothing unless users were changed or something is wrong'
complete -c adsync -n "__fish_adsync_using_subcommand completions" -s v -l verbose -d 'Say more on standard error; -vv shows every search'
complete -c adsync -n "__fish_adsync_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c adsync -n "__fish_adsync_using_subcommand completions" -s V -l version -d 'Print version'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "check" -d 'Test settings, connection, rights and store, one line per step'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "search" -d 'Directory users whose username, first, last or display name, or email starts with PREFIX'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "import" -d 'Bring directory users into the store; those that are in it already are updated'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "list" -d 'Users of the store'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "add" -d 'Add a local user, or many'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "remove" -d 'Take users out of the store (the directory is never written)'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "sync" -d 'Synchronise imported users; without a selection, all of them'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "history" -d 'Past runs; with a number, every change of that run'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "restore" -d 'Bring deleted users back, with the values they had'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "completions" -d 'Completion script on standard output'
complete -c adsync -n "__fish_adsync_using_subcommand help; and not __fish_seen_subcommand_from check search import list add remove sync history restore completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
