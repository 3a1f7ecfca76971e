//! Lets time pass in a store, for tests that cannot wait.

use std::path::Path;

use rusqlite::Connection;

/// Lets time pass, as a store sees it: every moment in it lies that many seconds further back.
pub(crate) fn pass_time(path: &Path, seconds: i64) {
    let db = Connection::open(path).expect("the store can be opened");
    let columns = "SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p
        WHERE m.type = 'table' AND p.type = 'TEXT' AND m.name NOT LIKE 'sqlite_%'";
    let columns = texts(&db, columns);
    for (table, column) in columns {
        let moments = format!(
            "SELECT DISTINCT {column}, '' FROM {table}
             WHERE {column} GLOB '*[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:*'
             ORDER BY 1"
        );
        let update = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
        // From the earliest on, none is moved twice.
        for (text, _) in texts(&db, &moments) {
            db.execute(&update, [&text, &moved(&text, seconds)])
                .expect("a moment can be moved");
        }
    }
}

fn texts(db: &Connection, query: &str) -> Vec<(String, String)> {
    let mut statement = db.prepare(query).expect("the tables are there");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows = rows.expect("the tables can be read");
    rows.collect::<Result<_, _>>()
        .expect("the tables can be read")
}

/// A text with every moment in it that many seconds earlier.
fn moved(text: &str, seconds: i64) -> String {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let is_moment = |part: &[u8]| {
        let mut pairs = part.iter().zip(SHAPE);
        pairs.all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
    };
    let mut moved = String::new();
    let mut rest = text;
    while let Some(at) = rest.as_bytes().windows(SHAPE.len()).position(is_moment) {
        let (before, from) = rest.split_at(at);
        let (moment, after) = from.split_at(SHAPE.len());
        let moment: jiff::civil::DateTime = moment.parse().expect("a moment");
        let earlier = moment - jiff::SignedDuration::from_secs(seconds);
        moved.push_str(before);
        moved.push_str(&earlier.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        rest = after;
    }
    moved + rest
}
