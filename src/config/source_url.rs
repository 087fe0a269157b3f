//! The URL of a source, checked: `mysql://user@host/database`, `postgres://user@host/database` or `sqlite:file`.
//!
//! A password may stand in it. So no message here repeats the text of the URL, and
//! what `Debug` and [`SourceUrl::redacted`] show holds no secret.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::{Host, Url};

use crate::model::definitions::Dialect;

/// The port of MySQL and MariaDB.
pub const DEFAULT_PORT: u16 = 3306;

/// The port of PostgreSQL.
pub const POSTGRES_PORT: u16 = 5432;

/// Where a source is.
#[derive(Clone, Debug)]
pub enum SourceUrl {
    /// A MySQL or MariaDB server.
    Mysql(ServerUrl),
    /// A PostgreSQL server.
    Postgres(ServerUrl),
    /// An SQLite file, resolved against the folder given to [`SourceUrl::parse`].
    Sqlite(PathBuf),
}

/// Where a database of a server is.
#[derive(Clone, Debug)]
pub struct ServerUrl {
    /// The account.
    pub user: String,
    /// The password, if the URL has one.
    pub password: Option<SecretString>,
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub ssl: SslMode,
    /// The certificates that `verify` trusts; well-known ones when left out.
    pub ssl_ca: Option<PathBuf>,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Off,
    /// If the server can, whoever it is.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and the server must prove that it is the host of the URL.
    Verify,
}

/// What is wrong with a source's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceUrlError {
    /// It is no URL.
    #[error("the source's url can't be read: {reason}")]
    Malformed {
        /// What is wrong, without the URL's text.
        reason: &'static str,
    },
    /// Its scheme is not one that is read.
    #[error("the source's url starts with `{scheme}:`, which is no kind of source that asof reads")]
    Scheme {
        /// What stands before the colon.
        scheme: String,
    },
    /// A part is missing.
    #[error("the source's url names no {part}")]
    Missing {
        /// Which part.
        part: &'static str,
    },
    /// A parameter is unknown.
    #[error("the source's url has an unknown parameter `{name}`")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// A parameter's value is wrong, or it stands twice.
    #[error("the parameter `{name}` of the source's url {reason}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

impl SourceUrlError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Malformed { .. } => {
                "write mysql://user@host:port/database or postgres://…, with special characters as %XX (`@` is %40, `#` is %23, `/` is %2F)"
            }
            Self::Scheme { .. } => {
                "write mysql://user@host/database, mariadb://…, postgres://user@host/database or sqlite:file.db"
            }
            Self::Missing { part: "file" } => "write sqlite:calls.db, or sqlite:/path/to/calls.db",
            Self::Missing { .. } => "write mysql://user@host/database or postgres://user@host/database",
            Self::Parameter { .. } => "known parameters are ssl and ssl_ca",
            Self::Value { name: "ssl", .. } => "ssl is one of off, prefer, require, verify",
            Self::Value { .. } => "write it once, as ssl=verify&ssl_ca=ca.pem",
        };
        Some(hint.to_owned())
    }
}

impl SourceUrl {
    /// Reads a URL; relative paths in it are resolved against `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, SourceUrlError> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(SourceUrlError::Malformed {
                reason: "it does not start with a scheme like mysql://",
            });
        };
        match scheme.to_ascii_lowercase().as_str() {
            "mysql" | "mariadb" => parse_server(text, base, DEFAULT_PORT).map(Self::Mysql),
            "postgres" | "postgresql" => parse_server(text, base, POSTGRES_PORT).map(Self::Postgres),
            "sqlite" => parse_sqlite(rest, base).map(Self::Sqlite),
            other if other.chars().all(|c| c.is_ascii_alphanumeric()) && !other.is_empty() => {
                Err(SourceUrlError::Scheme { scheme: other.to_owned() })
            }
            _ => Err(SourceUrlError::Malformed { reason: "it does not start with a scheme like mysql://" }),
        }
    }

    /// The URL without any secret and without the path of a file's folder.
    pub fn redacted(&self) -> String {
        match self {
            Self::Mysql(url) => url.redacted("mysql", DEFAULT_PORT),
            Self::Postgres(url) => url.redacted("postgres", POSTGRES_PORT),
            Self::Sqlite(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("sqlite:{}", name.to_string_lossy())
            }
        }
    }

    /// The SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Mysql(_) => Dialect::Mysql,
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

impl ServerUrl {
    fn redacted(&self, scheme: &str, default_port: u16) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let port = if self.port == default_port { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{}@{host}{port}/{}", encode(&self.user), encode(&self.database))
    }
}

fn parse_sqlite(rest: &str, base: &Path) -> Result<PathBuf, SourceUrlError> {
    // Both `sqlite:/path` and `sqlite:///path` are in use; a name may hold any other character.
    let path = match rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(SourceUrlError::Malformed { reason: "a file has no host" }),
        None => rest,
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(SourceUrlError::Missing { part: "file" });
    }
    if path.contains('\0') {
        return Err(SourceUrlError::Malformed { reason: "it holds a NUL character" });
    }
    Ok(base.join(path))
}

fn parse_server(text: &str, base: &Path, default_port: u16) -> Result<ServerUrl, SourceUrlError> {
    let url = Url::parse(text).map_err(|error| SourceUrlError::Malformed {
        reason: match error {
            url::ParseError::EmptyHost => "it names no host",
            url::ParseError::InvalidPort => "its port is no number from 0 to 65535",
            url::ParseError::InvalidIpv4Address | url::ParseError::InvalidIpv6Address => {
                "its address is wrong"
            }
            _ => "it does not end as user@host/database",
        },
    })?;
    if url.fragment().is_some() {
        return Err(SourceUrlError::Malformed { reason: "it holds a `#`" });
    }
    let host = match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Domain(name)) if !name.is_empty() => decode(name)?,
        _ => return Err(SourceUrlError::Missing { part: "host" }),
    };
    if host.contains('/') {
        return Err(SourceUrlError::Malformed { reason: "its host is a path: it is reached by TCP only" });
    }
    let user = decode(url.username())?;
    if user.is_empty() {
        return Err(SourceUrlError::Missing { part: "user" });
    }
    let database = url.path().strip_prefix('/').unwrap_or_default();
    if database.contains('/') {
        return Err(SourceUrlError::Malformed { reason: "more than a database's name follows the host" });
    }
    let database = decode(database)?;
    if database.is_empty() {
        return Err(SourceUrlError::Missing { part: "database" });
    }
    let password = url.password().map(decode).transpose()?.filter(|password| !password.is_empty());
    let (ssl, ssl_ca) = parse_parameters(&url, base)?;
    if ssl_ca.is_some() && ssl != Some(SslMode::Verify) {
        return Err(SourceUrlError::Value { name: "ssl_ca", reason: "is of use only with ssl=verify" });
    }
    Ok(ServerUrl {
        ssl: ssl.unwrap_or(if is_loopback(&host) { SslMode::Off } else { SslMode::Prefer }),
        port: url.port().unwrap_or(default_port),
        password: password.map(SecretString::from),
        user,
        host,
        database,
        ssl_ca,
    })
}

fn parse_parameters(url: &Url, base: &Path) -> Result<(Option<SslMode>, Option<PathBuf>), SourceUrlError> {
    const TWICE: &str = "stands there twice";
    let (mut ssl, mut ssl_ca) = (None, None);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "ssl" => {
                let mode = match value.as_ref() {
                    "off" => SslMode::Off,
                    "prefer" => SslMode::Prefer,
                    "require" => SslMode::Require,
                    "verify" => SslMode::Verify,
                    _ => return Err(SourceUrlError::Value { name: "ssl", reason: "has an unknown value" }),
                };
                if ssl.replace(mode).is_some() {
                    return Err(SourceUrlError::Value { name: "ssl", reason: TWICE });
                }
            }
            "ssl_ca" => {
                if value.is_empty() {
                    return Err(SourceUrlError::Value { name: "ssl_ca", reason: "names no file" });
                }
                if ssl_ca.replace(base.join(value.as_ref())).is_some() {
                    return Err(SourceUrlError::Value { name: "ssl_ca", reason: TWICE });
                }
            }
            other => return Err(SourceUrlError::Parameter { name: other.to_owned() }),
        }
    }
    Ok((ssl, ssl_ca))
}

/// Whether a host is this machine by its very name: nothing is resolved.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Text with its `%XX` replaced by the bytes they stand for.
fn decode(text: &str) -> Result<String, SourceUrlError> {
    let malformed = |reason| SourceUrlError::Malformed { reason };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
            let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            bytes.push(value.ok_or_else(|| malformed("a `%` is not followed by two hexadecimal digits"))?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed("its %XX are no UTF-8"))
}

fn encode(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'$') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn parse(text: &str) -> Result<SourceUrl, SourceUrlError> {
        SourceUrl::parse(text, Path::new("/base"))
    }

    fn mysql(text: &str) -> ServerUrl {
        match parse(text).unwrap() {
            SourceUrl::Mysql(url) => url,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_whole_postgresql_url_is_read() {
        let text = "postgresql://re%40port:p%40ss%23@db.example/shop?ssl=verify&ssl_ca=ca.pem";
        let SourceUrl::Postgres(url) = parse(text).unwrap() else { panic!("{text}") };
        assert_eq!(
            (url.user.as_str(), url.host.as_str(), url.port),
            ("re@port", "db.example", POSTGRES_PORT)
        );
        assert_eq!((url.database.as_str(), url.ssl), ("shop", SslMode::Verify));
        assert_eq!(url.password.unwrap().expose_secret(), "p@ss#");
        let other = parse("postgres://u:hunter2@[::1]:5433/a%20b").unwrap();
        assert_eq!(other.redacted(), "postgres://u@[::1]:5433/a%20b");
        assert_eq!(other.dialect(), Dialect::Postgres);
        assert_eq!(parse(text).unwrap().redacted(), "postgres://re%40port@db.example/shop");
    }

    #[test]
    fn a_whole_mysql_url_is_read() {
        let url = mysql("mariadb://re%40port:p%40ss%23@db.example:3307/as%20terisk?ssl=verify&ssl_ca=ca.pem");
        assert_eq!((url.user.as_str(), url.host.as_str(), url.port), ("re@port", "db.example", 3307));
        assert_eq!(url.database, "as terisk");
        assert_eq!(url.password.unwrap().expose_secret(), "p@ss#");
        assert_eq!((url.ssl, url.ssl_ca), (SslMode::Verify, Some(PathBuf::from("/base/ca.pem"))));
    }

    #[test]
    fn encryption_is_preferred_off_loopback_only() {
        for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LOCALHOST"] {
            assert_eq!(mysql(&format!("mysql://u@{host}/d")).ssl, SslMode::Off, "{host}");
        }
        for host in ["10.0.0.1", "[fe80::1]", "db", "localhost.example"] {
            assert_eq!(mysql(&format!("mysql://u@{host}/d")).ssl, SslMode::Prefer, "{host}");
        }
        assert_eq!(mysql("mysql://u@127.0.0.1/d?ssl=require").ssl, SslMode::Require);
        assert_eq!(mysql("mysql://u@[::1]:3310/d").host, "::1");
    }

    #[test]
    fn sqlite_paths_are_relative_to_the_base() {
        for (text, path) in [
            ("sqlite:calls.db", "/base/calls.db"),
            ("sqlite:/abs/calls.db", "/abs/calls.db"),
            ("sqlite:///abs/calls.db", "/abs/calls.db"),
            ("sqlite:a b%20?.db", "/base/a b%20?.db"),
        ] {
            match parse(text).unwrap() {
                SourceUrl::Sqlite(found) => assert_eq!(found, Path::new(path), "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn wrong_urls_are_refused_with_a_hint_and_without_their_secret() {
        for text in [
            "",
            "calls.db",
            "postgres://u:hunter2@h",
            "postgres://u:hunter2@h/d?sslmode=require",
            "postgres://u:hunter2@%2Fvar%2Frun/d",
            "postgres:u:hunter2@h/d",
            "redis://u:hunter2@h/d",
            "http://u:hunter2@h/d",
            "mysql://u:hunter2@h",
            "mysql://u:hunter2@h/",
            "mysql://:hunter2@h/d",
            "mysql://h/d",
            "mysql://u:hunter2@/d",
            "mysql:u:hunter2@h/d",
            "mysql://u:hunter2@h/d/e",
            "mysql://u:hunter2@h/d?tls=1",
            "mysql://u:hunter2@h/d?ssl=yes",
            "mysql://u:hunter2@h/d?ssl=off&ssl=off",
            "mysql://u:hunter2@h/d?ssl_ca=ca.pem",
            "mysql://u:hunter2@h/d?ssl=verify&ssl_ca=",
            "mysql://u:hunter2@h:99999/d",
            "mysql://u:hunter2@h/d#x",
            "mysql://u:hunter2%zz@h/d",
            "mysql://u:hunter2%ff@h/d",
            "mysql://u:hunter2#@h/d",
            "mysql://u:hunter2/@h/d",
            "sqlite:",
            "sqlite:folder/",
            "sqlite://host/calls.db",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.hint().is_some());
            assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let url = parse("mysql://re%40port:hunter2@[::1]:3307/asterisk").unwrap();
        assert_eq!(url.redacted(), "mysql://re%40port@[::1]:3307/asterisk");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!(parse("mysql://u:hunter2@h/d?ssl=off").unwrap().redacted(), "mysql://u@h/d");
        assert_eq!(parse("sqlite:/home/someone/calls.db").unwrap().redacted(), "sqlite:calls.db");
        assert_eq!(url.dialect(), Dialect::Mysql);
    }
}
