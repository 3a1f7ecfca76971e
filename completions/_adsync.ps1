
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'adsync' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'adsync'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'adsync' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Test settings, connection, rights and store, one line per step')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Directory users whose username, first, last or display name, or email starts with PREFIX')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Bring directory users into the store; those that are in it already are updated')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Users of the store')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a local user, or many')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take users out of the store (the directory is never written)')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Synchronise imported users; without a selection, all of them')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Past runs; with a number, every change of that run')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring deleted users back, with the values they had')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Completion script on standard output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'adsync;check' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;search' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;import' {
            [CompletionResult]::new('--users', '--users', [CompletionResultType]::ParameterName, 'These users, by sAMAccountName, userPrincipalName or mail; comma-separated, repeatable')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'The members of this group, nested ones included')
            [CompletionResult]::new('--ou', '--ou', [CompletionResultType]::ParameterName, 'The users at or below this DN')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'The users that match this filter as well')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All users of the scope')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'The whole run and the same checks, but nothing is written')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'With --dry-run: exit 3 when there is something to do')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit 7 when there are duplicates')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;list' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;add' {
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'Email address')
            [CompletionResult]::new('--first-name', '--first-name', [CompletionResultType]::ParameterName, 'First name')
            [CompletionResult]::new('--last-name', '--last-name', [CompletionResultType]::ParameterName, 'Last name')
            [CompletionResult]::new('--contact-number', '--contact-number', [CompletionResultType]::ParameterName, 'Contact number')
            [CompletionResult]::new('--from-csv', '--from-csv', [CompletionResultType]::ParameterName, 'Many users from a CSV file (- for standard input) with a header of username, email, first_name, last_name, contact_number')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;remove' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;sync' {
            [CompletionResult]::new('--users', '--users', [CompletionResultType]::ParameterName, 'Only these users, by their store usernames, any case; comma-separated, repeatable')
            [CompletionResult]::new('--allow-deletes', '--allow-deletes', [CompletionResultType]::ParameterName, 'Let exactly this many deletions through that the guard would refuse')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All imported users (the default)')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Ignore the saved change mark')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'The whole run and the same checks, but nothing is written')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'With --dry-run: exit 3 when there is something to do')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit 7 when there are duplicates')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;history' {
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'One user''s changes, by any username it ever had')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'How many runs')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;restore' {
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'All that this run deleted')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'The same checks, but nothing is written')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;completions' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the result is printed')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How standard error is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this many seconds for another run to end, instead of giving up at once')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--csv-safe', '--csv-safe', [CompletionResultType]::ParameterName, 'With --format csv: an apostrophe before what a spreadsheet would take for a formula')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless users were changed or something is wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on standard error; -vv shows every search')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'adsync;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Test settings, connection, rights and store, one line per step')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Directory users whose username, first, last or display name, or email starts with PREFIX')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Bring directory users into the store; those that are in it already are updated')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Users of the store')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a local user, or many')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take users out of the store (the directory is never written)')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Synchronise imported users; without a selection, all of them')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Past runs; with a number, every change of that run')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring deleted users back, with the values they had')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Completion script on standard output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'adsync;help;check' {
            break
        }
        'adsync;help;search' {
            break
        }
        'adsync;help;import' {
            break
        }
        'adsync;help;list' {
            break
        }
        'adsync;help;add' {
            break
        }
        'adsync;help;remove' {
            break
        }
        'adsync;help;sync' {
            break
        }
        'adsync;help;history' {
            break
        }
        'adsync;help;restore' {
            break
        }
        'adsync;help;completions' {
            break
        }
        'adsync;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
