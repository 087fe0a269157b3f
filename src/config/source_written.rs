//! The URL of a source as a configuration holds it: without its password.

use std::path::Path;

use url::form_urlencoded::Serializer;

use super::{SourceUrl, SslMode};

/// The text of a URL that reads as the same one, but for the password, which it never holds.
pub fn written(url: &SourceUrl) -> String {
    let plain = url.redacted();
    match url {
        SourceUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        SourceUrl::Mysql(server) | SourceUrl::Postgres(server) => {
            let by_itself = match SourceUrl::parse(&plain, Path::new("")) {
                Ok(SourceUrl::Mysql(plain) | SourceUrl::Postgres(plain)) => Some(plain.ssl),
                _ => None,
            };
            let mut parameters = Serializer::new(String::new());
            if by_itself != Some(server.ssl) {
                parameters.append_pair("ssl", word(server.ssl));
            }
            if let Some(path) = &server.ssl_ca {
                parameters.append_pair("ssl_ca", &path.to_string_lossy());
            }
            match parameters.finish() {
                none if none.is_empty() => plain,
                parameters => format!("{plain}?{parameters}"),
            }
        }
    }
}

fn word(ssl: SslMode) -> &'static str {
    match ssl {
        SslMode::Off => "off",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::Verify => "verify",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::written;
    use crate::config::SourceUrl;

    #[test]
    fn what_is_written_reads_as_the_same_without_the_password() {
        for (text, expected) in [
            ("mysql://re%40port:hunter2@[::1]:3307/my%20db", "mysql://re%40port@[::1]:3307/my%20db"),
            ("mysql://u:hunter2@10.0.0.1/d?ssl=prefer", "mysql://u@10.0.0.1/d"),
            ("mariadb://u@h/d?ssl=off", "mysql://u@h/d?ssl=off"),
            (
                "mysql://u@h/d?ssl=verify&ssl_ca=a/my%20ca.pem",
                "mysql://u@h/d?ssl=verify&ssl_ca=a%2Fmy+ca.pem",
            ),
            ("postgresql://u:hunter2@h:5433/d?ssl=require", "postgres://u@h:5433/d?ssl=require"),
            ("sqlite:a b%20?.db", "sqlite:a b%20?.db"),
            ("sqlite:/abs/calls.db", "sqlite:/abs/calls.db"),
        ] {
            let url = SourceUrl::parse(text, Path::new("")).unwrap();
            let found = written(&url);
            assert_eq!(found, expected);
            let again = SourceUrl::parse(&found, Path::new("")).unwrap();
            assert_eq!((again.redacted(), written(&again)), (url.redacted(), found));
        }
    }
}
