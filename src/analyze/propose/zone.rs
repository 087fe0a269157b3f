//! Whose local time a server's times are, as far as it tells.

use chrono_tz::Tz;

use crate::source::ServerZone;

/// A zone's name, and why it is this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The IANA name.
    pub name: String,
    /// Why, as a clause.
    pub why: String,
}

/// The zone of a server, or UTC where it can't be told.
pub fn zone(server: Option<&ServerZone>) -> Zone {
    let utc = |why: String| Zone { name: "UTC".to_owned(), why };
    let Some(server) = server else {
        return utc("a file has no zone: put the one here whose local time is written into it".to_owned());
    };
    if let Some(name) = named(&server.setting) {
        return Zone { name, why: "the server's".to_owned() };
    }
    if let Some(name) = fixed(&server.setting) {
        let why = format!("the server's, which is at {} all year", server.setting);
        return Zone { name, why };
    }
    if let Some(name) = named(&server.system) {
        return Zone { name, why: "the server's, which takes its machine's".to_owned() };
    }
    let minutes = server.offset_seconds.abs() / 60;
    let sign = if server.offset_seconds < 0 { '-' } else { '+' };
    utc(format!(
        "not told: the server is at {sign}{:02}:{:02} now, which it calls {:?}. Put the name of its zone here",
        minutes / 60,
        minutes % 60,
        server.system
    ))
}

/// A zone by a name that means the same everywhere: CST is several.
fn named(text: &str) -> Option<String> {
    let whole = text.contains('/') || ["UTC", "GMT"].contains(&text);
    text.parse::<Tz>().ok().filter(|_| whole).map(|zone| zone.name().to_owned())
}

/// The zone of a fixed offset of whole hours, such as `-06:00`.
fn fixed(text: &str) -> Option<String> {
    let (sign, rest) = text.split_at_checked(1)?;
    let hours: u8 = rest.strip_suffix(":00")?.parse().ok()?;
    // These names have their signs turned round.
    let name = match (sign, hours) {
        ("+" | "-", 0) => "UTC".to_owned(),
        ("+", hours) => format!("Etc/GMT-{hours}"),
        ("-", hours) => format!("Etc/GMT+{hours}"),
        _ => return None,
    };
    name.parse::<Tz>().ok().map(|zone| zone.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::zone;
    use crate::source::ServerZone;

    #[test]
    fn a_zone_is_the_servers_where_it_tells() {
        for (setting, system, offset_seconds, name, why) in [
            ("America/Chicago", "CST", -21_600, "America/Chicago", "the server's"),
            ("SYSTEM", "Europe/Berlin", 3600, "Europe/Berlin", "the server's, which takes its machine's"),
            ("SYSTEM", "UTC", 0, "UTC", "the server's, which takes its machine's"),
            ("-06:00", "UTC", -21_600, "Etc/GMT+6", "the server's, which is at -06:00 all year"),
            ("+00:00", "CET", 0, "UTC", "the server's, which is at +00:00 all year"),
        ] {
            let server = ServerZone { offset_seconds, setting: setting.into(), system: system.into() };
            let found = zone(Some(&server));
            assert_eq!((found.name.as_str(), found.why.as_str()), (name, why), "{setting}");
        }
        for (setting, system) in [("SYSTEM", "EST"), ("+05:30", "IST"), ("+99:00", ""), ("", "")] {
            let server =
                ServerZone { offset_seconds: -16_200, setting: setting.into(), system: system.into() };
            let found = zone(Some(&server));
            assert!(found.name == "UTC" && found.why.contains("-04:30"), "{found:?}");
        }
        assert_eq!(zone(None).name, "UTC");
    }
}
