//! What a column is by its type and its name: a counter, an id, a span of time, a number of which the mean says more.

use crate::model::definitions::Dialect;

/// What a type holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Local times.
    Local,
    /// Instants.
    Instant,
    /// Dates.
    Date,
    /// Whole numbers.
    Integer {
        /// None of them is negative.
        unsigned: bool,
    },
    /// Exact numbers.
    Decimal,
    /// Floats.
    Float,
    /// Yes or no.
    Flag,
    /// Short texts, or one of a list.
    Text,
    /// Whatever is written into it.
    Unknown,
    /// Long texts, bytes and whatever else is neither counted nor grouped by.
    Other,
}

/// What a declared type holds.
pub(super) fn kind(dialect: Dialect, declared: &str) -> Kind {
    let has = |word: &str| declared.contains(word);
    if dialect == Dialect::Sqlite {
        // By SQLite's own rules, with those types in front by which people mean something.
        return match declared {
            "" => Kind::Unknown,
            _ if has("bool") => Kind::Flag,
            _ if has("date") || has("time") => Kind::Unknown,
            _ if has("int") => Kind::Integer { unsigned: false },
            _ if has("char") || has("clob") || has("text") || has("enum") => Kind::Text,
            _ if has("blob") => Kind::Other,
            _ if has("real") || has("floa") || has("doub") => Kind::Float,
            _ => Kind::Decimal,
        };
    }
    let first = declared.split(['(', ' ']).next().unwrap_or_default();
    if dialect == Dialect::Postgres {
        return match first {
            _ if declared.ends_with(']') => Kind::Other,
            "timestamp" if !has("with time zone") => Kind::Local,
            "timestamp" | "timestamptz" => Kind::Instant,
            "date" => Kind::Date,
            "boolean" => Kind::Flag,
            "smallint" | "integer" | "bigint" => Kind::Integer { unsigned: false },
            "numeric" => Kind::Decimal,
            "real" | "double" => Kind::Float,
            // Texts of any length are `text` there.
            "character" | "text" | "citext" | "name" | "enum" | "uuid" | "inet" | "cidr" => Kind::Text,
            _ => Kind::Other,
        };
    }
    match first {
        "datetime" => Kind::Local,
        "timestamp" | "timestamptz" => Kind::Instant,
        "date" => Kind::Date,
        "tinyint" if declared.starts_with("tinyint(1)") => Kind::Flag,
        "boolean" | "bool" => Kind::Flag,
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => {
            Kind::Integer { unsigned: has("unsigned") }
        }
        "decimal" | "numeric" => Kind::Decimal,
        "float" | "double" | "real" => Kind::Float,
        "char" | "varchar" | "enum" | "set" | "uuid" | "inet4" | "inet6" => Kind::Text,
        _ => Kind::Other,
    }
}

/// Whether SQL in a configuration can name it: braces stand for lists there, and `?` and `:` for values.
pub(super) fn is_usable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['{', '}', '?', ':']) && !name.contains(char::is_control)
}

/// The words of a name, in lower case: `viewCount` and `view_count` are the same two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for letter in name.chars() {
        let breaks = !letter.is_alphanumeric() || letter.is_uppercase() && lower;
        if breaks && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        lower = letter.is_lowercase() || letter.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether one of these words is among them.
pub(super) fn any(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

/// Whether it tells of a person.
pub(super) fn is_personal(words: &[String]) -> bool {
    any(
        words,
        &[
            "phone", "mobile", "email", "mail", "ip", "ssn", "password", "passwd", "secret", "token",
            "address", "street", "dob", "birthday",
        ],
    )
}

/// Whether it holds what somebody wrote, however often the same was written.
pub(super) fn is_prose(words: &[String]) -> bool {
    let last = words.last().map_or("", String::as_str);
    [
        "text",
        "note",
        "notes",
        "comment",
        "comments",
        "description",
        "message",
        "body",
        "content",
        "url",
        "title",
        "subject",
    ]
    .contains(&last)
}

/// Whether its values name something: they are told apart and never added up.
pub(super) fn is_id(words: &[String]) -> bool {
    const NO_IDS: [&str; 14] = [
        "paid", "unpaid", "prepaid", "postpaid", "grid", "valid", "invalid", "avoid", "liquid", "solid",
        "rapid", "android", "hybrid", "fluid",
    ];
    let named = [
        "id",
        "ids",
        "uuid",
        "guid",
        "key",
        "code",
        "no",
        "nr",
        "number",
        "hash",
        "type",
        "kind",
        "status",
        "state",
        "flag",
        "category",
        "class",
        "version",
        "year",
        "month",
        "weekday",
        "zip",
        "port",
        "lat",
        "lng",
        "lon",
        "latitude",
        "longitude",
        "index",
        "idx",
        "pid",
        "rank",
        "position",
        "priority",
        "level",
        "phone",
    ];
    let last = words.last().map_or("", String::as_str);
    let first = words.first().map_or("", String::as_str);
    named.contains(&last)
        || ["is", "has"].contains(&first)
        || (last.ends_with("id") && last.len() > 4 && !NO_IDS.contains(&last))
}

/// A counter: a number of things that only ever should grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// By a word that nothing else has: views, likes.
    Surely,
    /// By the shape of its name: `…_count`, `total_…`.
    Perhaps,
}

/// Whether a name is that of a counter.
pub(super) fn counter(words: &[String]) -> Option<Counter> {
    const COUNTED: [&str; 32] = [
        "view",
        "like",
        "dislike",
        "comment",
        "share",
        "follower",
        "follow",
        "subscriber",
        "play",
        "download",
        "click",
        "visit",
        "vote",
        "upvote",
        "downvote",
        "post",
        "repl",
        "reply",
        "reaction",
        "impression",
        "favorite",
        "favourite",
        "retweet",
        "repost",
        "upload",
        "login",
        "install",
        "star",
        "fork",
        "watch",
        "member",
        "video",
    ];
    let counted = |word: &str| {
        let one = word.strip_suffix("ies").unwrap_or_else(|| word.strip_suffix('s').unwrap_or(word));
        COUNTED.contains(&one)
    };
    let (first, last) = (words.first()?.as_str(), words.last()?.as_str());
    let surely = words.iter().any(|word| counted(word));
    let shaped = words.len() > 1
        && (["count", "counts", "counter", "total"].contains(&last)
            || ["total", "num", "count"].contains(&first));
    match (shaped, words.len()) {
        (true, _) if surely => Some(Counter::Surely),
        (true, _) => Some(Counter::Perhaps),
        (false, 1) if surely && last.ends_with('s') => Some(Counter::Surely),
        _ => None,
    }
}

/// The unit of a span of time that a name tells.
pub(super) fn unit(words: &[String]) -> Option<&'static str> {
    words.iter().rev().find_map(|word| match word.as_str() {
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "ms" | "millis" | "milliseconds" => Some("ms"),
        "mins" | "minute" | "minutes" => Some("min"),
        "hour" | "hours" => Some("h"),
        _ => None,
    })
}

/// Whether a number is one of which the mean says more than the sum.
pub(super) fn is_mean(words: &[String]) -> bool {
    any(
        words,
        &[
            "rate",
            "ratio",
            "percent",
            "percentage",
            "pct",
            "score",
            "avg",
            "average",
            "temperature",
            "rating",
            "speed",
        ],
    )
}
