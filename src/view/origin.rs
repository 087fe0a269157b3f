//! Where a page that was asked for comes from: which archive it tells of, as that stood when, and when it was made.
//!
//! A frozen page has its seal instead.

use chrono::{DateTime, Utc};

use super::text::visible;
use super::when;

/// Where a page comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What the archive is about; empty where nobody said so.
    pub title: String,
    /// The archive's own id.
    pub archive: String,
    /// When the page was made.
    pub made_at: DateTime<Utc>,
    /// The moment as of which the archive was asked, if another one than now.
    pub as_of: Option<DateTime<Utc>>,
    /// The IANA name of the zone in which times are told.
    pub zone: String,
}

impl Origin {
    /// What the archive is about, for a page.
    pub(super) fn subject(&self) -> String {
        visible(&self.title).into_owned()
    }

    /// All of it, as a sentence.
    pub fn sentence(&self) -> String {
        let time = |at| when::minute_with_year(at, &self.zone);
        let then = self.as_of.map_or_else(String::new, |at| format!(", as it was at {}", time(at)));
        format!(
            "Made on {} by asof {} from the archive {}{then}.",
            time(self.made_at),
            env!("CARGO_PKG_VERSION"),
            visible(&self.archive)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn it_tells_which_archive_and_when() {
        let mut origin = Origin {
            title: "Calls".into(),
            archive: "0b5e".into(),
            made_at: "2025-11-11T16:00:00Z".parse().unwrap(),
            as_of: None,
            zone: "America/Chicago".into(),
        };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            origin.sentence(),
            format!("Made on 11 Nov 2025 10:00 CST by asof {version} from the archive 0b5e.")
        );
        // Daylight saving time ended on 2 November.
        origin.as_of = Some("2025-11-01T16:00:00Z".parse().unwrap());
        assert!(origin.sentence().ends_with("from the archive 0b5e, as it was at 1 Nov 2025 11:00 CDT."));
    }
}
